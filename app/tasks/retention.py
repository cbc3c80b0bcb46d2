"""The background task that deletes what is past its retention."""

from app.schemas.timestamps import DAY
from app.service import PatternService
from app.service.feed import Feed
from app.service.retention import RetentionReport, expire, plan_by_policy
from app.service.statistics import retention_settings
from app.tasks.runner import Progress, Task

TOMBSTONE_DAYS = 30
"""How long deletions can be read from an export."""


def retention_task(service: PatternService, feed: Feed, interval: float) -> Task:
    """The task under the service's policy, every `interval` seconds."""

    async def run(on_progress: Progress) -> RetentionReport:
        now = service.clock()
        await service.storage.purge_tombstones(now - TOMBSTONE_DAYS * DAY)
        await feed.caught_up()  # what is not learned yet may be what is to be kept
        plan = await plan_by_policy(service.storage, service.retention, now)
        return await expire(service.storage, plan, dry_run=False, on_progress=on_progress)

    return Task("retention", interval, retention_settings(service.retention), run)
