"""Tallies as the reports of background tasks show them."""

from collections import Counter
from collections.abc import Iterable

from app.schemas.timestamps import format_day
from app.storage.base import Tally


def by_type(tallies: Iterable[Tally]) -> dict[str, int]:
    """Patterns by type."""
    counts: Counter[str] = Counter()
    for tally in tallies:
        counts[tally.pattern_type] += tally.patterns
    return dict(counts)


def by_day(tallies: Iterable[Tally]) -> dict[str, int]:
    """Patterns by UTC day, the earliest first."""
    counts: Counter[int] = Counter()
    for tally in tallies:
        counts[tally.day] += tally.patterns
    return {format_day(day): counts[day] for day in sorted(counts)}
