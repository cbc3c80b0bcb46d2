"""The background task that deletes what is past its retention."""

from app.schemas.answers import RetentionSettings
from app.schemas.fields import PatternType
from app.schemas.timestamps import DAY
from app.service import PatternService
from app.service.retention import RetentionReport, expire
from app.tasks.runner import Progress, Task

TOMBSTONE_DAYS = 30
"""How long deletions can be read from an export."""


def retention_task(service: PatternService, interval: float) -> Task:
    """The task under the service's policy, every `interval` seconds."""

    async def run(on_progress: Progress) -> RetentionReport:
        now = service.clock()
        await service.storage.purge_tombstones(now - TOMBSTONE_DAYS * DAY)
        return await expire(
            service.storage,
            service.retention.expiry(now),
            dry_run=False,
            on_progress=on_progress,
        )

    policy = service.retention
    settings: RetentionSettings = {
        "days": {str(name): policy.days_for(name) for name in PatternType},
        "grace_days": policy.grace_days,
    }
    return Task("retention", interval, settings, run)
