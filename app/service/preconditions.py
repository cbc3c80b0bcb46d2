"""Conditional changes: RFC 9110, section 13, over entity tags."""

from dataclasses import dataclass

from app.errors import PreconditionFailed
from app.schemas.records import StoredDocument

ANY = "*"


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must be true of the present state; each a set of entity tags, or `*`, or nothing."""

    if_match: frozenset[str] | None = None
    if_none_match: frozenset[str] | None = None

    def check(self, current: StoredDocument | None) -> None:
        """Raise PreconditionFailed where the present state, None for none, is not as asked."""
        if self.if_match is not None and not _matches(self.if_match, current):
            present = f"its ETag is {current.etag}" if current else "it does not exist"
            raise PreconditionFailed(f"If-Match does not hold: {present}.")
        if self.if_none_match is not None and _matches(self.if_none_match, current):
            raise PreconditionFailed("If-None-Match does not hold: the pattern exists.")


UNCONDITIONAL = Precondition()
"""No condition."""


def _matches(tags: frozenset[str], current: StoredDocument | None) -> bool:
    return current is not None and (ANY in tags or current.etag in tags)
