"""What was learned of corrections: kept while the pattern is in the state it was learned of."""

import json
from collections.abc import Sequence

from app.storage.index.connections import Connection
from app.storage.index.meta import note_progress, progress_of
from app.storage.index.rows import insert_rows
from app.storage.learned import LearnedCorrection, Learning

_PROGRESS = "corrections_learned"


def learning(connection: Connection) -> Learning | None:
    """See `LearnedStorage.learning_of_corrections`."""
    return progress_of(connection, _PROGRESS)


def learn(
    connection: Connection, corrections: Sequence[LearnedCorrection], progress: Learning
) -> None:
    """See `LearnedStorage.learn_corrections`."""
    before = learning(connection)
    if before is not None and before.version != progress.version:
        connection.execute("DELETE FROM learned_corrections")
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
        "ON CONFLICT DO NOTHING",
    )
    note_progress(connection, _PROGRESS, progress)


def learned(connection: Connection, after: int, limit: int) -> list[LearnedCorrection]:
    """See `LearnedStorage.learned_corrections`."""
    rows = connection.execute(
        "SELECT l.seq, p.pattern_id, p.timestamp, p.project_name, p.agent, p.task_type,"
        " l.correction_type, l.category, l.hunks"
        " FROM learned_corrections l CROSS JOIN patterns p USING (seq)"
        " WHERE l.seq > ? ORDER BY l.seq LIMIT ?",
        (after, limit),
    )
    return [LearnedCorrection(*row) for row in rows]
