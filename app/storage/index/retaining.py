"""What never expires: of the errors of a group that carry one resolution, the latest."""

import json
from collections.abc import Sequence

from app.schemas.fields import PatternType
from app.schemas.records import StoredDocument
from app.storage.index.connections import Connection
from app.storage.index.learning import learning

_LATER_ONE = (
    "SELECT 1 FROM variants w CROSS JOIN learned m INDEXED BY learned_solved"
    " ON m.variant = w.number AND m.solved = 1 AND m.resolution IS l.resolution AND m.seq > l.seq"
    " WHERE w.group_id = v.group_id AND w.project_name = v.project_name"
)
_EXEMPLARS = (
    "SELECT l.seq FROM {errors} CROSS JOIN variants v ON v.number = l.variant"
    f" WHERE l.solved = 1 AND NOT EXISTS ({_LATER_ONE})"
)

NEVER_EXPIRES = f"EXISTS ({_EXEMPLARS.format(errors='learned l')} AND l.seq = p.seq)"
"""The condition that an error `p` never expires as things are."""


def exemplars(connection: Connection) -> frozenset[int]:
    """The `seq` of all that never expires as things are."""
    errors = "learned l INDEXED BY learned_solved"
    return frozenset(seq for (seq,) in connection.execute(_EXEMPLARS.format(errors=errors)))


def exemplars_among(connection: Connection, seqs: Sequence[int]) -> frozenset[int]:
    """Which of some never expire."""
    errors = "json_each(?) s CROSS JOIN learned l ON l.seq = s.value"
    found = connection.execute(_EXEMPLARS.format(errors=errors), (json.dumps([*seqs]),))
    return frozenset(seq for (seq,) in found)


def without_exemplars(
    connection: Connection, states: Sequence[StoredDocument]
) -> list[StoredDocument]:
    """Those states that may go, which an error may only when it is known what it tells of."""
    known = learning(connection)
    kept = exemplars_among(connection, [state.seq for state in states])
    return [
        state
        for state in states
        if state.seq not in kept
        and (
            known is None
            or state.seq <= known.through
            or state.pattern_type != PatternType.ERROR_OCCURRENCE
        )
    ]
