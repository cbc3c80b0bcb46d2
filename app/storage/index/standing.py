"""Where groups stand: whether a way out is known, and whether they came back after it."""

import json
from collections.abc import Collection
from typing import NamedTuple

from app.schemas.filters import Filters
from app.storage.index.connections import Connection
from app.storage.index.scope import project_condition, reach_condition
from app.storage.learned import GroupStatus


class Standing(NamedTuple):
    """Whether a resolution is known that can be read, and the status."""

    known: bool
    status: GroupStatus


class _Moment(NamedTuple):
    """When a way out was told: after a change, and received at a time."""

    seq: int
    at: int


def standings(
    connection: Connection, filters: Filters, group_ids: Collection[str] | None = None
) -> dict[str, Standing]:
    """Those of the groups, or of some, that have been resolved, in the projects of the filters.

    What is received counts by its `seq`. That of an error changes when somebody edits it, which
    is not seeing it again: so it must have been received after that as well.
    """
    solved, known = _solved(connection, filters, group_ids)
    return {
        group_id: Standing(
            group_id in known,
            GroupStatus.REGRESSED
            if _came_back(connection, filters, group_id, moment)
            else GroupStatus.RESOLVED,
        )
        for group_id, moment in solved.items()
    }


def _solved(
    connection: Connection, filters: Filters, group_ids: Collection[str] | None
) -> tuple[dict[str, _Moment], set[str]]:
    """When each group was resolved the last time, and those of which a resolution can be read."""
    within, projects = project_condition("v.project_name", filters)
    among: str = "true"
    ids: tuple[str, ...] = ()
    carriers = "learned l INDEXED BY learned_solved CROSS JOIN variants v ON v.number = l.variant"
    if group_ids is not None:
        carriers = (
            "variants v CROSS JOIN learned l INDEXED BY learned_solved ON l.variant = v.number"
        )
        among, ids = "v.group_id IN (SELECT value FROM json_each(?))", (json.dumps([*group_ids]),)
    carried = connection.execute(
        "SELECT v.group_id, max(l.seq), p.stored_at, count(l.resolution)"
        f" FROM {carriers} CROSS JOIN patterns p ON p.seq = l.seq"
        f" WHERE l.solved = 1 AND {among} AND {within} GROUP BY v.group_id",
        (*ids, *projects),
    ).fetchall()
    solved = {group_id: _Moment(seq, at) for group_id, seq, at, _ in carried}
    known = {group_id for group_id, *_, told in carried if told}
    reaching, reached = reach_condition("o.projects", filters)
    for group_id, seq, at in connection.execute(
        "SELECT o.group_id, max(o.after_seq), o.at FROM outcomes o"
        f" WHERE o.worked = 1 AND {among.replace('v.', 'o.')} AND {reaching}"
        " AND EXISTS (SELECT 1 FROM variants v CROSS JOIN learned l INDEXED BY learned_solved"
        " ON l.variant = v.number AND l.solved = 1"
        f" WHERE v.group_id = o.group_id AND {within} AND l.resolution = o.resolution)"
        " GROUP BY o.group_id",
        (*ids, *reached, *projects),
    ):
        solved[group_id] = max(solved[group_id], _Moment(seq, at))
    return solved, known


def _came_back(connection: Connection, filters: Filters, group_id: str, moment: _Moment) -> bool:
    within, projects = project_condition("v.project_name", filters)
    row = connection.execute(
        "SELECT 1 FROM variants v CROSS JOIN learned l INDEXED BY learned_by_variant"
        " ON l.variant = v.number AND l.solved = 0 AND l.seq > ?"
        " CROSS JOIN patterns p ON p.seq = l.seq"
        f" WHERE v.group_id = ? AND p.stored_at >= ? AND {within} LIMIT 1",
        (moment.seq, group_id, moment.at, *projects),
    ).fetchone()
    return row is not None
