"""What patterns say of agents: from summaries where there are any, from the patterns elsewhere."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from app.schemas.filters import Filters
from app.schemas.timestamps import DAY, EARLIEST, HOUR, LATEST, day_of
from app.storage.base import AgentFigures
from app.storage.index import selection, summaries
from app.storage.index.connections import Connection
from app.storage.index.summaries import DAY_HOURS, Period
from app.storage.index.totals import Total, Totals, add_patterns


@dataclass(slots=True)
class _Plan:
    """What to read: summaries of days and of hours, and spans of time, their ends inclusive."""

    days: list[int] = field(default_factory=list)
    hours: list[int] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)

    def add_span(self, first: int, last: int) -> None:
        """Read a span that follows those there are; where it joins the latest, both as one."""
        if self.spans and self.spans[-1][1] == first - 1:
            first, _ = self.spans.pop()
        self.spans.append((first, last))


def agents(connection: Connection, filters: Filters) -> list[AgentFigures]:
    """See `Storage.agents`."""
    totals: Totals = defaultdict(Total)
    for each in _by_project(filters):
        _add(connection, each, totals)
    return _figures(totals)


def _by_project(filters: Filters) -> list[Filters]:
    """The same question about one project after the other, since that is what summaries tell."""
    if not filters.projects:
        return [filters]
    asked = filters.projects if filters.project_name is None else (filters.project_name,)
    return [
        replace(filters, projects=(), project_name=name)
        for name in dict.fromkeys(asked)
        if name in filters.projects
    ]


def _add(connection: Connection, filters: Filters, totals: Totals) -> None:
    if _can_be_summarised(filters):
        plan = _plan(connection, filters)
        for hours, starts in ((DAY_HOURS, plan.days), (1, plan.hours)):
            _add_summaries(connection, filters, hours, starts, totals)
        for first, last in plan.spans:
            _add_patterns(connection, replace(filters, start=first, end=last), totals)
    else:
        _add_patterns(connection, filters, totals)


def _can_be_summarised(filters: Filters) -> bool:
    """Whether summaries tell all that the filters ask about."""
    return filters == Filters(
        pattern_types=filters.pattern_types,
        start=filters.start,
        end=filters.end,
        agent=filters.agent,
        project_name=filters.project_name,
    )


def _plan(connection: Connection, filters: Filters) -> _Plan:
    """The fewest things to read."""
    start = EARLIEST if filters.start is None else filters.start
    end = LATEST if filters.end is None else filters.end
    days = connection.execute(
        "SELECT DISTINCT day FROM days WHERE day BETWEEN ? AND ? ORDER BY day",
        (day_of(start), day_of(end)),
    ).fetchall()
    missing = summaries.unsummarised(connection, day_of(start), day_of(end))

    def is_summarised(period: Period) -> bool:
        if filters.project_name is not None:
            return summaries.is_by_project(connection, period)
        return period not in missing

    plan = _Plan()
    for (day,) in days:
        first, last = max(start, day * DAY), min(end, day * DAY + DAY - 1)
        if last - first == DAY - 1 and is_summarised(Period(DAY_HOURS, day * DAY_HOURS)):
            plan.days.append(day * DAY_HOURS)
        else:
            _plan_hours(plan, first, last, is_summarised)
    return plan


def _plan_hours(plan: _Plan, start: int, end: int, is_summarised: Callable[[Period], bool]) -> None:
    for hour in range(start // HOUR, end // HOUR + 1):
        first, last = max(start, hour * HOUR), min(end, hour * HOUR + HOUR - 1)
        if last - first == HOUR - 1 and is_summarised(Period(1, hour)):
            plan.hours.append(hour)
        else:
            plan.add_span(first, last)


def _add_summaries(
    connection: Connection, filters: Filters, hours: int, starts: list[int], totals: Totals
) -> None:
    types = filters.pattern_types
    for row in summaries.read(connection, hours, starts, filters.project_name):
        _, pattern_type, agent, *total = row
        if filters.agent in (None, agent) and (not types or pattern_type in types):
            totals[pattern_type, agent].add_row(total)


def _add_patterns(connection: Connection, filters: Filters, totals: Totals) -> None:
    for statement in selection.naming_agents(filters, "p.pattern_type, p.agent"):
        add_patterns(totals, connection.execute(statement.sql, statement.parameters))


def _figures(totals: Totals) -> list[AgentFigures]:
    """The totals by type and agent as those of each agent."""
    by_agent: defaultdict[str, dict[str, Total]] = defaultdict(dict)
    for (pattern_type, agent), total in totals.items():
        by_agent[agent][pattern_type] = total
    figures = []
    for agent, by_type in by_agent.items():
        whole = Total()
        for total in by_type.values():
            whole.add(total)
        counts = {name: total.patterns for name, total in sorted(by_type.items())}
        figures.append(
            AgentFigures(agent, counts, whole.succeeded, whole.failed, whole.durations())
        )
    return figures
