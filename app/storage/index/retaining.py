"""What never expires: the latest error that carries a resolution, and what is not yet learned."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.schemas.fields import PatternType
from app.schemas.records import LARGEST_SEQ
from app.storage.index.connections import Connection

_LATER_ONE = (
    "SELECT 1 FROM variants w CROSS JOIN learned m INDEXED BY learned_solved"
    " ON m.variant = w.number AND m.solved = 1 AND m.resolution IS l.resolution AND m.seq > l.seq"
    " WHERE w.group_id = v.group_id AND w.project_name = v.project_name"
)
_EXEMPLARS = (
    "SELECT l.seq FROM {errors} CROSS JOIN variants v ON v.number = l.variant"
    f" WHERE l.solved = 1 AND NOT EXISTS ({_LATER_ONE})"
)


@dataclass(frozen=True, slots=True)
class Retained:
    """The `seq` of each exemplar, and the one up to which errors are learned."""

    exemplars: frozenset[int]
    through: int

    def keeps(self, seq: int, pattern_type: str) -> bool:
        """Whether a pattern stays, however old it is."""
        unlearned = pattern_type == PatternType.ERROR_OCCURRENCE and seq > self.through
        return unlearned or seq in self.exemplars


def retained(connection: Connection, among: Sequence[int] | None = None) -> Retained:
    """What never expires as things are, or of it what is among some `seq`."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'learned_through'").fetchone()
    if row is None:
        return Retained(frozenset(), LARGEST_SEQ)
    if among is None:
        found = connection.execute(_EXEMPLARS.format(errors="learned l INDEXED BY learned_solved"))
    else:
        errors = "json_each(?) s CROSS JOIN learned l ON l.seq = s.value"
        found = connection.execute(_EXEMPLARS.format(errors=errors), (json.dumps([*among]),))
    return Retained(frozenset(seq for (seq,) in found), row[0])
