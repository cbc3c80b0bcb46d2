"""Which state an id names: a small index of the latest ids, merged bit by bit into a large one.

Clients' ids come in no order. In one index each new id among a million changes a page of its
own, which was half of all that a batch wrote. The latest ids are few, and share their pages; and
those of a stretch of the order are neighbours in the large index too. This is the rolling merge
of the log-structured merge-tree (O'Neil and others, Acta Informatica 33, 1996). Both indexes are
tables on disk, and the view `ids` is the two together, so that it matters to nobody where an id
is; `app.storage.index.upkeep` says when they are merged.
"""

from collections.abc import Iterable, Sequence

from app.storage.index.connections import Connection, patience, roll_back
from app.storage.index.rows import insert_rows

PATTERNS = "ids i CROSS JOIN patterns p ON p.seq = i.seq AND p.pattern_id = i.pattern_id"
"""What a statement reads from to find patterns by `i.pattern_id`."""

_RECENT = 32 * 1024
"""How many ids may stay in the small index: the more, the more pages has that, and the fewer of
the large one does a stretch change."""

_STRETCH = 1024
"""How many ids are merged in one transaction: some milliseconds' work, for which writers wait.
Where they bring more than that at a time, it is an eighth of what is too much, up to 8 times as
many."""


def add(connection: Connection, named: Iterable[tuple[str, int]]) -> None:
    """Have new ids name states, by their `seq`."""
    insert_rows(connection, "recent_ids (pattern_id, seq)", named)


def remove(connection: Connection, pattern_ids: Sequence[str]) -> None:
    """Have ids name nothing."""
    keys = [(pattern_id,) for pattern_id in pattern_ids]
    connection.executemany("DELETE FROM recent_ids WHERE pattern_id = ?", keys)
    connection.executemany("DELETE FROM settled_ids WHERE pattern_id = ?", keys)


def merge(connection: Connection, after: str) -> str | None:
    """Merge the next stretch of recent ids, in a transaction; the id to go on after.

    None where there are so few that they may stay. An entry that is there already is replaced:
    it can only be one that names nothing. Nobody else is waited for.
    """
    (recent,) = connection.execute("SELECT count(*) FROM recent_ids").fetchone()
    if recent <= _RECENT:
        return None
    stretch = min(max(_STRETCH, (recent - _RECENT) // 8), 8 * _STRETCH)
    (last,) = connection.execute(
        "SELECT max(pattern_id) FROM (SELECT pattern_id FROM recent_ids WHERE pattern_id > ?"
        " ORDER BY pattern_id LIMIT ?)",
        (after, stretch),
    ).fetchone()
    if last is None:  # it was the end of the order
        return ""
    with patience(connection, 0):
        connection.execute("BEGIN IMMEDIATE")
    try:
        _move(connection, after, last)
        connection.execute("COMMIT")
    finally:
        roll_back(connection)
    return str(last)


def _move(connection: Connection, after: str, last: str) -> None:
    stretch = "FROM recent_ids WHERE pattern_id > ? AND pattern_id <= ?"
    connection.execute(
        f"INSERT OR REPLACE INTO settled_ids SELECT pattern_id, seq {stretch}", (after, last)
    )
    connection.execute(f"DELETE {stretch}", (after, last))
