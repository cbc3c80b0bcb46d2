"""The store at a glance, and what retention does to it next."""

from app.schemas.answers import DayCount, RetentionSettings, Statistics
from app.schemas.fields import PatternType
from app.schemas.timestamps import format_day, format_timestamp
from app.service.reports import by_type
from app.service.retention import RetentionPolicy, patterns_in, tally_due
from app.storage.base import Storage, Tally


async def statistics(storage: Storage, retention: RetentionPolicy, now: int) -> Statistics:
    """All of it, at a present in microseconds since the epoch."""
    summary = await storage.summary(now)
    due, kept_by_grace = await tally_due(storage, retention, now)
    none = dict.fromkeys(map(str, PatternType), 0)
    return {
        "total": patterns_in(summary.days),
        "by_type": none | by_type(summary.days),
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
            **retention_settings(retention),
            "due": patterns_in(due),
            "due_by_type": none | by_type(due),
            "kept_by_grace": kept_by_grace,
        },
    }


def _by_day(tallies: list[Tally]) -> list[DayCount]:
    days: dict[int, DayCount] = {}
    for tally in tallies:
        day = days.setdefault(tally.day, {"day": format_day(tally.day), "count": 0, "by_type": {}})
        day["count"] += tally.patterns
        day["by_type"][tally.pattern_type] = tally.patterns
    return list(days.values())


def retention_settings(policy: RetentionPolicy) -> RetentionSettings:
    """A policy as the API shows it."""
    return {
        "days": {str(name): policy.days_for(name) for name in PatternType},
        "grace_days": policy.grace_days,
        "max_patterns": policy.max_patterns,
        "max_bytes": policy.max_bytes,
    }
