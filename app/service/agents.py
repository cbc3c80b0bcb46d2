"""How each agent does, and the summaries that make the answer quick."""

from dataclasses import dataclass, replace

from app.schemas.answers import AgentDurations, AgentResults, AgentStatistics
from app.schemas.filters import Filters
from app.schemas.timestamps import DAY, format_timestamp
from app.storage.base import QUANTILE_ERROR, AgentFigures, Durations, Storage

DEFAULT_DAYS = 7
"""How far back a question goes that names no time."""


@dataclass(frozen=True, slots=True)
class SummaryReport:
    """How many hours and days a run summarised."""

    summarised: int


async def agent_statistics(
    storage: Storage, filters: Filters, *, limit: int, now: int
) -> AgentStatistics:
    """The agents that most patterns name, at most `limit`, at a present in microseconds."""
    if filters.start is None and filters.end is None:
        filters = replace(filters, start=now - DEFAULT_DAYS * DAY, end=now)
    found = await storage.agents(filters)
    found.sort(key=lambda figures: (-figures.patterns, figures.agent))
    return {
        "start_date": None if filters.start is None else format_timestamp(filters.start),
        "end_date": None if filters.end is None else format_timestamp(filters.end),
        "quantile_error": QUANTILE_ERROR,
        "agents": [_results(figures) for figures in found[:limit]],
        "agents_omitted": max(0, len(found) - limit),
    }


async def summarise(storage: Storage, before: int) -> SummaryReport:
    """Summarise what ended before a time in microseconds and is not summarised."""
    return SummaryReport(sum([number async for number in storage.summarise(before)]))


def _results(figures: AgentFigures) -> AgentResults:
    known = figures.succeeded + figures.failed
    return {
        "agent": figures.agent,
        "patterns": figures.patterns,
        "by_type": dict(figures.by_type),
        "succeeded": figures.succeeded,
        "failed": figures.failed,
        "success_rate": figures.succeeded / known if known else None,
        "duration_ms": None if figures.durations is None else _durations(figures.durations),
    }


def _durations(durations: Durations) -> AgentDurations:
    return {
        "known": durations.number,
        "min": durations.shortest,
        "p50": durations.p50,
        "p95": durations.p95,
        "max": durations.longest,
    }
