"""The background task that summarises hours and days by agent."""

from app.service import PatternService
from app.service.agents import SummaryReport, summarise
from app.tasks.runner import Progress, Task


def summaries_task(service: PatternService, interval: float) -> Task:
    """The task for periods that have ended, every `interval` seconds."""

    async def run(_: Progress) -> SummaryReport:
        return await summarise(service.storage, service.clock())

    return Task("summaries", interval, {}, run, quiet=True)
