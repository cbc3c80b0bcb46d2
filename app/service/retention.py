"""How long patterns are kept, and deleting those that are past it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from app.schemas.fields import PatternType
from app.schemas.timestamps import DAY, format_day
from app.storage.base import Expiry, Storage, Tally

STEP = 200
"""Patterns deleted in one transaction, so that waiting writes hardly notice."""

FOREVER = 0
"""As a number of days: never delete."""

_PAST_EVERYTHING = -(2**62)


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Days to keep patterns, by their timestamp; 0 keeps them for ever.

    `days_by_type` overrides `days`. What was received within the last `grace_days` stays,
    whatever its timestamp, so that imported history does not vanish at once.
    """

    days: int = 90
    days_by_type: Mapping[PatternType, int] = field(default_factory=dict)
    grace_days: int = 7

    def days_for(self, pattern_type: str) -> int:
        """The days that hold for a type."""
        return self.days_by_type.get(PatternType(pattern_type), self.days)

    def expiry(self, now: int) -> Expiry:
        """What the policy lets go at a present, in microseconds since the epoch."""
        return Expiry(
            {name: cutoff(now, self.days_for(name)) for name in PatternType},
            received_before=now - self.grace_days * DAY,
        )

    def is_past(self, pattern_type: str, timestamp: int, now: int) -> bool:
        """Whether a pattern's time alone would let it go."""
        return timestamp < cutoff(now, self.days_for(pattern_type))


def cutoff(now: int, days: int) -> int:
    """The time before which patterns have been kept long enough."""
    return _PAST_EVERYTHING if days == FOREVER else now - days * DAY


def expiry_by_hand(now: int, older_than_days: int) -> Expiry:
    """All patterns older than some days, as a person asks for it: with no grace."""
    before = now - older_than_days * DAY
    return Expiry(dict.fromkeys(PatternType, before), received_before=now + DAY)


@dataclass(slots=True)
class RetentionReport:
    """What a run did, or with `dry_run` would do; sizes of the store on disk in bytes."""

    dry_run: bool
    patterns: int
    bytes_before: int
    bytes_after: int
    by_type: dict[str, int]
    by_day: dict[str, int]


async def expire(
    storage: Storage,
    expiry: Expiry,
    *,
    dry_run: bool,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> RetentionReport:
    """Delete what has expired in small steps, and give its space back to the file system.

    `on_progress` hears of patterns done and in total.
    """
    before = storage.stored_bytes()
    tallies, seqs = await storage.expired(expiry)
    report = RetentionReport(dry_run, len(seqs), before, before, *_sums(tallies))
    if dry_run or not seqs:
        return report
    report.patterns = 0
    for start in range(0, len(seqs), STEP):
        report.patterns += await storage.delete_many(seqs[start : start + STEP])
        on_progress(min(start + STEP, len(seqs)), len(seqs))
    await storage.reclaim()
    report.bytes_after = storage.stored_bytes()
    return report


def _sums(tallies: Iterable[Tally]) -> tuple[dict[str, int], dict[str, int]]:
    by_type: Counter[str] = Counter()
    by_day: Counter[str] = Counter()
    for tally in tallies:
        by_type[tally.pattern_type] += tally.patterns
        by_day[format_day(tally.day)] += tally.patterns
    return dict(by_type), dict(by_day)
