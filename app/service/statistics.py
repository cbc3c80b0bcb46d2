"""The store at a glance, and what retention does to it next."""

from collections import Counter

from app.schemas.answers import DayCount, Statistics
from app.schemas.fields import PatternType
from app.schemas.timestamps import format_day, format_timestamp
from app.service.retention import RetentionPolicy
from app.storage.base import Storage, Tally


async def statistics(storage: Storage, retention: RetentionPolicy, now: int) -> Statistics:
    """All of it, at a present in microseconds since the epoch."""
    summary = await storage.summary(now)
    due, _ = await storage.expired(retention.expiry(now))
    by_type = _by_type(summary.days)
    return {
        "total": sum(by_type.values()),
        "by_type": by_type,
        "by_day": _by_day(summary.days),
        "oldest": None if summary.oldest is None else format_timestamp(summary.oldest),
        "newest": None if summary.newest is None else format_timestamp(summary.newest),
        "in_future": summary.in_future,
        "last_seq": summary.last_seq,
        "size_bytes": summary.stored_bytes,
        "compression": {
            "raw_bytes": summary.raw_bytes,
            "document_bytes": summary.document_bytes,
            "ratio": round(summary.raw_bytes / (summary.document_bytes or 1), 3) or 1.0,
        },
        "retention": {
            "days": {str(name): retention.days_for(name) for name in PatternType},
            "grace_days": retention.grace_days,
            "due": sum(tally.patterns for tally in due),
            "due_by_type": _by_type(due),
        },
    }


def _by_type(tallies: list[Tally]) -> dict[str, int]:
    counts = Counter(dict.fromkeys(map(str, PatternType), 0))
    for tally in tallies:
        counts[tally.pattern_type] += tally.patterns
    return dict(counts)


def _by_day(tallies: list[Tally]) -> list[DayCount]:
    days: dict[int, DayCount] = {}
    for tally in tallies:
        day = days.setdefault(tally.day, {"day": format_day(tally.day), "count": 0, "by_type": {}})
        day["count"] += tally.patterns
        day["by_type"][tally.pattern_type] = tally.patterns
    return list(days.values())
