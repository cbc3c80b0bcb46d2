"""What the patterns of an agent add up to, from rows of patterns and from summaries alike."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.storage.base import Durations
from app.storage.index.sketch import Buckets, add_packed, buckets_of, pack, percentile


@dataclass(slots=True)
class Total:
    """Counts of patterns, and their durations; `shortest` and `longest` None where none has any."""

    patterns: int = 0
    succeeded: int = 0
    failed: int = 0
    shortest: int | None = None
    longest: int | None = None
    buckets: Buckets = field(default_factory=dict)

    def add_patterns(self, success: int | None, durations: Sequence[int | None]) -> None:
        """Add patterns of one outcome by their durations, None for those without."""
        self.patterns += len(durations)
        if success is not None:
            self.succeeded += len(durations) * success
            self.failed += len(durations) * (1 - success)
        known = [duration for duration in durations if duration is not None]
        if known:
            self._reach(min(known), max(known))
            for bucket, count in buckets_of(known).items():
                self.buckets[bucket] = self.buckets.get(bucket, 0) + count

    def add_row(self, row: Sequence[Any]) -> None:
        """Add what `row` returned."""
        patterns, succeeded, failed, shortest, longest, packed = row
        self.patterns += patterns
        self.succeeded += succeeded
        self.failed += failed
        if shortest is not None:
            self._reach(shortest, longest)
            add_packed(self.buckets, packed)

    def add(self, other: "Total") -> None:
        """Add another total."""
        self.patterns += other.patterns
        self.succeeded += other.succeeded
        self.failed += other.failed
        if other.shortest is not None and other.longest is not None:
            self._reach(other.shortest, other.longest)
            for bucket, count in other.buckets.items():
                self.buckets[bucket] = self.buckets.get(bucket, 0) + count

    def row(self) -> tuple[Any, ...]:
        """This total as a summary keeps it."""
        counts = (self.patterns, self.succeeded, self.failed)
        return (*counts, self.shortest, self.longest, pack(self.buckets))

    def durations(self) -> Durations | None:
        """What the durations come to, None where there are none."""
        if self.shortest is None or self.longest is None:
            return None
        p50, p95 = (
            min(max(percentile(self.buckets, percent), self.shortest), self.longest)
            for percent in (50, 95)
        )
        number = sum(self.buckets.values())
        return Durations(number, self.shortest, p50, p95, self.longest)

    def _reach(self, shortest: int, longest: int) -> None:
        self.shortest = shortest if self.shortest is None else min(self.shortest, shortest)
        self.longest = longest if self.longest is None else max(self.longest, longest)


Totals = defaultdict[tuple[Any, ...], Total]
"""Totals by what they are of: a tuple of names."""


def add_patterns(totals: Totals, rows: Iterable[tuple[Any, ...]]) -> None:
    """Add patterns to the totals by their keys; a row is a key's values, success, duration."""
    durations: defaultdict[tuple[Any, ...], list[int | None]] = defaultdict(list)
    for row in rows:
        durations[row[:-1]].append(row[-1])
    for (*key, success), group in durations.items():
        totals[tuple(key)].add_patterns(success, group)
