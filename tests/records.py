"""Patterns as a storage takes them: records, as the service would make them."""

from typing import Any

from app.schemas.records import Provenance, Record, record_of
from app.schemas.timestamps import parse_timestamp
from tests.patterns import pattern

NOON = parse_timestamp("2026-01-15T12:00:00Z")
"""When records are received, unless a test says otherwise."""


def record(
    pattern_id: str,
    pattern_type: str = "task_completion",
    *,
    at: int = NOON,
    preserved: Provenance | None = None,
    **members: Any,
) -> Record:
    """A small pattern received at a time in microseconds since the epoch."""
    posted = pattern(pattern_type, **members)
    return record_of(posted, pattern_id=pattern_id, at=at, preserved=preserved)


def records(number: int, prefix: str = "p", **members: Any) -> list[Record]:
    """So many small patterns, `p0000` and on, alike but for their ids."""
    return [record(f"{prefix}{index:04}", **members) for index in range(number)]
