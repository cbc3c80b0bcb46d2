"""The numbers that a database keeps of itself, by name."""

from app.storage.index.connections import Connection
from app.storage.index.failures import damage

NAMES = frozenset({"last_seq", "purged_seq", "removed_words", "saved_bytes"})
"""Those that every database has."""


def last_seq_of(connection: Connection) -> int:
    """The last `seq` that was given. Raises sqlite3.DatabaseError as `numbers_of` does.

    Each write asks for it: to read all of them takes three times as long.
    """
    row = connection.execute("SELECT value FROM meta WHERE name = 'last_seq'").fetchone()
    if row is None:
        raise damage("it does not say its last_seq")
    return int(row[0])


def numbers_of(connection: Connection) -> dict[str, int]:
    """All there are. Raises sqlite3.DatabaseError, as of any damage, where one of NAMES is not."""
    found = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    if missing := NAMES - found.keys():
        raise damage(f"it does not say its {', '.join(sorted(missing))}")
    return found
