"""What the first implementation of this idea left behind, to be imported.

It wrote a tree of days with a JSON file for each pattern, some compressed, and an index.json
beside them; its collector called the type `type`; or it kept rows in a SQLite database. Its
times were naive local ones, and its fields unchecked.
"""

from app.legacy.sources import Database, Tree, is_database

__all__ = ["Database", "Tree", "is_database"]
