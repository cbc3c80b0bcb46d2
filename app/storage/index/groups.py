"""Groups of errors: found and ordered by the occurrences that match, then told a page at a time."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from app.schemas.fields import PatternType
from app.schemas.filters import Filters
from app.schemas.timestamps import DAY
from app.storage.index import ids, journal, selection
from app.storage.index.connections import Connection
from app.storage.index.scope import project_condition, projects_of
from app.storage.index.selection import Statement
from app.storage.index.standing import Standing, standings
from app.storage.learned import (
    LISTED,
    Group,
    GroupOrder,
    GroupPage,
    GroupPosition,
    GroupStatus,
    Membership,
)

_ORDERING = {
    GroupOrder.RECENT: "max(last)",
    GroupOrder.FREQUENT: "sum(errors)",
    GroupOrder.FIRST_SEEN: "min(first)",
}
_UNSOLVED = Standing(known=False, status=GroupStatus.OPEN)


def groups(
    connection: Connection,
    filters: Filters,
    order: GroupOrder,
    limit: int,
    status: GroupStatus | None,
    after: GroupPosition | None,
) -> GroupPage:
    """See `LearnedStorage.groups`."""
    places = _places(connection, filters, order)
    if after is not None:
        places = [place for place in places if place < after]
    places.sort(reverse=True)
    if status is None:
        chosen = places[: limit + 1]
        known = standings(connection, filters, [place.group_id for place in chosen])
    else:
        known = standings(connection, filters)
        chosen = [
            place for place in places if known.get(place.group_id, _UNSOLVED).status is status
        ][: limit + 1]
    told = _told(connection, filters, [place.group_id for place in chosen[:limit]], known)
    return GroupPage(told, more=len(chosen) > limit)


def current_group(connection: Connection, group_id: str, filters: Filters) -> str:
    """See `LearnedStorage.current_group`."""
    return journal.grouping(connection).current(group_id, projects_of(filters) or ())


def memberships(
    connection: Connection, pattern_ids: Collection[str], filters: Filters
) -> dict[str, Membership]:
    """See `LearnedStorage.memberships`."""
    within, projects = project_condition("p.project_name", filters)
    rows = connection.execute(
        "SELECT p.pattern_id, v.variant, v.group_id FROM json_each(?) n"
        f" CROSS JOIN {ids.PATTERNS}"
        " CROSS JOIN learned l ON l.seq = p.seq CROSS JOIN variants v ON v.number = l.variant"
        f" WHERE i.pattern_id = n.value AND {within}",
        (json.dumps([*pattern_ids]), *projects),
    )
    return {pattern_id: Membership(*found) for pattern_id, *found in rows}


def _places(connection: Connection, filters: Filters, order: GroupOrder) -> list[GroupPosition]:
    """The place of every group of which an occurrence matches."""
    found = _all_errors(filters) or selection.grouped_errors(
        filters, "v.group_id AS group_id, p.timestamp AS first, p.timestamp AS last, 1 AS errors"
    )
    rows = connection.execute(
        f"SELECT {_ORDERING[order]}, group_id FROM ({found.sql}) GROUP BY group_id",
        found.parameters,
    )
    return [*map(GroupPosition._make, rows)]


def _all_errors(filters: Filters) -> Statement | None:
    """All errors, or those of some projects, summed up by variant; None for any other question.

    This reads an index alone, and is quick where the store holds very many.
    """
    types = filters.pattern_types
    if filters != Filters(
        pattern_types=types, project_name=filters.project_name, projects=filters.projects
    ) or (types and PatternType.ERROR_OCCURRENCE not in types):
        return None
    within, projects = project_condition("v.project_name", filters)
    sql = (
        "SELECT v.group_id AS group_id, l.first AS first, l.last AS last, l.errors AS errors FROM ("
        "SELECT variant, count(*) AS errors, min(timestamp) AS first, max(timestamp) AS last"
        " FROM learned INDEXED BY learned_by_time GROUP BY variant) l"
        f" CROSS JOIN variants v ON v.number = l.variant WHERE {within}"
    )
    return Statement(sql, projects)


@dataclass(slots=True)
class _Total:
    """What the occurrences of a group add up to, and when they were seen."""

    count: int = 0
    agents: Counter[str] = field(default_factory=Counter)
    projects: Counter[str] = field(default_factory=Counter)
    days: Counter[int] = field(default_factory=Counter)
    first: list[int] = field(default_factory=list)
    latest: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, project_name: str, agent: str | None, day: int, count: int) -> None:
        self.count += count
        if agent is not None:
            self.agents[agent] += count
        if project_name:
            self.projects[project_name] += count
        self.days[day] += count


def _told(
    connection: Connection,
    filters: Filters,
    group_ids: Sequence[str],
    known: dict[str, Standing],
) -> list[Group]:
    """The groups in the order of their ids, each with all that is told of it."""
    if not group_ids:
        return []
    found = selection.grouped_errors(
        filters,
        "v.group_id AS group_id, p.project_name AS project_name, p.agent AS agent,"
        f" (p.timestamp - (p.timestamp % {DAY} + {DAY}) % {DAY}) / {DAY} AS day,"
        " p.timestamp AS timestamp, v.number AS number, v.title AS title,"
        " p.error_type AS error_type",
        group_ids,
    )
    totals = {group_id: _Total() for group_id in group_ids}
    for group_id, *part, first, last, title, error_type in connection.execute(
        "SELECT group_id, project_name, agent, day, count(*), min(timestamp), max(timestamp),"
        f" title, error_type FROM ({found.sql})"
        " GROUP BY group_id, number, project_name, agent, day, error_type",
        found.parameters,
    ):
        totals[group_id].add(*part)
        totals[group_id].first.append(first)
        totals[group_id].latest.append((last, title, error_type))
    return [
        _group(group_id, totals[group_id], known.get(group_id, _UNSOLVED)) for group_id in group_ids
    ]


def _group(group_id: str, total: _Total, standing: Standing) -> Group:
    last, title, error_type = max(total.latest)
    return Group(
        group_id,
        title,
        error_type,
        total.count,
        min(total.first),
        last,
        sorted(_commonest(total.agents)),
        sorted(_commonest(total.projects)),
        sorted(total.days.items())[-LISTED:],
        standing.known,
        standing.status,
    )


def _commonest(names: Counter[str]) -> list[str]:
    ordered = sorted(names.items(), key=lambda entry: (-entry[1], entry[0]))
    return [*map(itemgetter(0), ordered[:LISTED])]
