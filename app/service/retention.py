"""How long patterns are kept, and deleting those that are past it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.schemas.fields import PatternType
from app.schemas.timestamps import DAY
from app.service.reports import by_day, by_type
from app.storage.base import Expiry, Storage, Tally

STEP = 200
"""Patterns deleted in one transaction, so that waiting writes hardly notice."""

UNLIMITED = 0
"""As a number of days, patterns or bytes: no limit."""

OVERFULL = 1.1
"""How far over a limit a store must be for the limit to override the grace."""

_PAST_EVERYTHING = -(2**62)


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Days to keep patterns, by their timestamp, and how many to keep; 0 sets no limit.

    `days_by_type` overrides `days`. `max_bytes` counts the JSON texts, uncompressed. What was
    received within the last `grace_days` stays, whatever its timestamp, so that imported
    history does not vanish at once; unless a store is a tenth over the limits in number or
    bytes.
    """

    days: int = 90
    days_by_type: Mapping[PatternType, int] = field(default_factory=dict)
    grace_days: int = 7
    max_patterns: int = UNLIMITED
    max_bytes: int = UNLIMITED

    @property
    def has_limits(self) -> bool:
        """Whether there can be too many patterns, however old."""
        return self.max_patterns != UNLIMITED or self.max_bytes != UNLIMITED

    def days_for(self, pattern_type: str) -> int:
        """The days that hold for a type."""
        return self.days_by_type.get(PatternType(pattern_type), self.days)

    def expiry(self, now: int, *, grace: bool = True) -> Expiry:
        """What the policy's days let go at a present, in microseconds since the epoch."""
        return Expiry(
            self.cutoffs(now),
            received_before=now - self.grace_days * DAY if grace else now + DAY,
        )

    def cutoffs(self, now: int) -> dict[str, int]:
        """By type, the time before which patterns have been kept long enough."""
        return {name: cutoff(now, self.days_for(name)) for name in PatternType}


def cutoff(now: int, days: int) -> int:
    """The time before which patterns have been kept long enough."""
    return _PAST_EVERYTHING if days == UNLIMITED else now - days * DAY


def expiry_by_hand(now: int, older_than_days: int) -> Expiry:
    """All patterns older than some days, as a person asks for it: with no grace."""
    before = now - older_than_days * DAY
    return Expiry(dict.fromkeys(PatternType, before), received_before=now + DAY)


@dataclass(slots=True)
class Plan:
    """What is to be deleted, oldest first, and how many patterns only their grace keeps."""

    tallies: list[Tally]
    seqs: Sequence[int]
    kept_by_grace: int = 0


async def plan_by_hand(storage: Storage, now: int, older_than_days: int) -> Plan:
    """All patterns older than some days."""
    return Plan(*await storage.expired(expiry_by_hand(now, older_than_days)))


async def plan_by_policy(storage: Storage, policy: RetentionPolicy, now: int) -> Plan:
    """What the policy lets go: the aged, and the oldest of those that are too many."""
    tallies, seqs = await storage.expired(policy.expiry(now))
    plan = Plan(tallies, seqs, await _kept_by_grace(storage, policy, now, tallies))
    if policy.has_limits:
        with_grace = now - policy.grace_days * DAY
        await _plan_surplus(storage, policy, now, plan, limit=1.0, received_before=with_grace)
        await _plan_surplus(storage, policy, now, plan, limit=OVERFULL, received_before=now + DAY)
    return plan


async def tally_due(storage: Storage, policy: RetentionPolicy, now: int) -> tuple[list[Tally], int]:
    """What the policy lets go, as sums alone, and how many patterns only their grace keeps."""
    if policy.has_limits:
        plan = await plan_by_policy(storage, policy, now)
        return plan.tallies, plan.kept_by_grace
    tallies = await storage.tally_expired(policy.expiry(now))
    return tallies, await _kept_by_grace(storage, policy, now, tallies)


async def _kept_by_grace(
    storage: Storage, policy: RetentionPolicy, now: int, expired: Sequence[Tally]
) -> int:
    aged = await storage.tally_expired(policy.expiry(now, grace=False))
    return patterns_in(aged) - patterns_in(expired)


async def _plan_surplus(
    storage: Storage,
    policy: RetentionPolicy,
    now: int,
    plan: Plan,
    *,
    limit: float,
    received_before: int,
) -> None:
    """Add the oldest patterns until what is left is within so many times the limits."""
    there = (await storage.summary(now)).days
    patterns = patterns_in(there) - patterns_in(plan.tallies) - int(policy.max_patterns * limit)
    size = _bytes(there) - _bytes(plan.tallies) - int(policy.max_bytes * limit)
    surplus_patterns = max(0, patterns) if policy.max_patterns else 0
    surplus_bytes = max(0, size) if policy.max_bytes else 0
    if surplus_patterns or surplus_bytes:
        tallies, seqs = await storage.oldest(
            patterns=surplus_patterns,
            size=surplus_bytes,
            received_before=received_before,
            besides=frozenset(plan.seqs),
        )
        plan.tallies = [*plan.tallies, *tallies]
        plan.seqs = [*plan.seqs, *seqs]


def patterns_in(tallies: Sequence[Tally]) -> int:
    """How many patterns there are in all."""
    return sum(tally.patterns for tally in tallies)


def _bytes(tallies: Sequence[Tally]) -> int:
    return sum(tally.bytes for tally in tallies)


@dataclass(slots=True)
class RetentionReport:
    """What a run did, or with `dry_run` would do; sizes of the store on disk in bytes."""

    dry_run: bool
    patterns: int
    bytes_before: int
    bytes_after: int
    by_type: dict[str, int]
    by_day: dict[str, int]
    kept_by_grace: int


async def expire(
    storage: Storage,
    plan: Plan,
    *,
    dry_run: bool,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> RetentionReport:
    """Delete what is planned in small steps, and give its space back to the file system.

    `on_progress` hears of patterns done and in total.
    """
    size = storage.stored_bytes()
    report = RetentionReport(
        dry_run,
        len(plan.seqs),
        size,
        size,
        by_type(plan.tallies),
        by_day(plan.tallies),
        plan.kept_by_grace,
    )
    if dry_run or not plan.seqs:
        return report
    report.patterns = 0
    for start in range(0, len(plan.seqs), STEP):
        report.patterns += await storage.delete_many(plan.seqs[start : start + STEP], expiring=True)
        on_progress(min(start + STEP, len(plan.seqs)), len(plan.seqs))
    await storage.reclaim()
    report.bytes_after = storage.stored_bytes()
    return report
