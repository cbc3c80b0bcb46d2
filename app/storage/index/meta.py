"""The numbers that a database keeps of itself, by name."""

from app.storage.index.connections import Connection
from app.storage.index.failures import damage
from app.storage.learned import Learning

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


def progress_of(connection: Connection) -> Learning | None:
    """How far errors are learned, None before any is. Raises as `numbers_of` does."""
    meta = numbers_of(connection)
    through, version = meta.get("learned_through"), meta.get("learned_version")
    if through is None and version is None:
        return None
    if through is None or version is None:
        raise damage("it does not say how far it was learned, or by what")
    return Learning(through, version)


def note_progress(connection: Connection, progress: Learning) -> None:
    """Keep what `progress_of` tells."""
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        [("learned_through", progress.through), ("learned_version", progress.version)],
    )
