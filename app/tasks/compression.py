"""The background task that compresses what is old."""

from app.service import PatternService
from app.service.compression import CompressionReport, compress
from app.service.retention import cutoff
from app.tasks.runner import Progress, Task


def compression_task(service: PatternService, after_days: int, interval: float) -> Task:
    """The task for patterns older than some days, every `interval` seconds; 0 days: never."""

    async def run(on_progress: Progress) -> CompressionReport:
        before = cutoff(service.clock(), after_days)
        return await compress(service.storage, before, dry_run=False, on_progress=on_progress)

    return Task("compression", interval if after_days else 0, {"after_days": after_days}, run)
