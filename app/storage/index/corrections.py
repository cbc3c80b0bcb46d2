"""What was learned of corrections: kept while the pattern is in the state it was learned of."""

import json
from array import array
from collections.abc import Sequence

from app.schemas.fields import PatternType
from app.storage.index.connections import Connection
from app.storage.index.rows import insert_rows
from app.storage.learned import LearnedCorrection

_VERSION = "corrections_learned_version"
_REPLACING = (
    "ON CONFLICT DO UPDATE SET correction_type = excluded.correction_type,"
    " category = excluded.category, hunks = excluded.hunks"
)


def learned_by(connection: Connection) -> int | None:
    """See `LearnedStorage.corrections_learned_by`."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (_VERSION,)).fetchone()
    return None if row is None else int(row[0])


def learn(connection: Connection, corrections: Sequence[LearnedCorrection], version: int) -> None:
    """See `LearnedStorage.learn_corrections`."""
    if learned_by(connection) != version:
        connection.execute("DELETE FROM learned_corrections")
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_VERSION, version))
    there = {
        seq
        for (seq,) in connection.execute(
            "SELECT seq FROM patterns WHERE seq IN (SELECT value FROM json_each(?))",
            (json.dumps([each.seq for each in corrections]),),
        )
    }
    insert_rows(
        connection,
        "learned_corrections (seq, correction_type, category, hunks)",
        [
            (each.seq, each.correction_type, each.category, each.hunks)
            for each in corrections
            if each.seq in there
        ],
        _REPLACING,
    )


def learned(connection: Connection, after: int, limit: int) -> list[LearnedCorrection]:
    """See `LearnedStorage.learned_corrections`."""
    rows = connection.execute(
        "SELECT l.seq, p.pattern_id, p.timestamp, p.project_name, p.agent, p.task_type,"
        " l.correction_type, l.category, l.hunks"
        " FROM learned_corrections l CROSS JOIN patterns p USING (seq)"
        " WHERE l.seq > ? ORDER BY l.seq LIMIT ?",
        (after, limit),
    ).fetchall()  # nothing stays open where a row cannot be read
    return [LearnedCorrection(*row) for row in rows]


def seqs(connection: Connection) -> Sequence[int]:
    """See `LearnedStorage.correction_seqs`."""
    rows = connection.execute(
        "SELECT seq FROM patterns WHERE pattern_type = ?", (PatternType.USER_CORRECTION,)
    )
    return array("Q", sorted(seq for (seq,) in rows))
