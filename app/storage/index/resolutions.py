"""The resolutions of groups, and what tells for and against each."""

import json
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from app.schemas.filters import Filters
from app.storage.index.connections import Connection
from app.storage.index.reading import states
from app.storage.index.scope import project_condition, reach_condition
from app.storage.learned import EVIDENCE, Evidence, Resolution, Source

_CARRIERS = (
    "variants v CROSS JOIN learned l INDEXED BY learned_solved"
    " ON l.variant = v.number AND l.solved = 1 AND l.resolution IS NOT NULL"
    " CROSS JOIN patterns p ON p.seq = l.seq"
)


def resolutions(
    connection: Connection, group_ids: Collection[str], filters: Filters
) -> list[Resolution]:
    """See `LearnedStorage.resolutions`."""
    ids = json.dumps([*group_ids])
    within, projects = project_condition("v.project_name", filters)
    rows = connection.execute(
        "SELECT v.group_id, l.resolution, max(l.seq), count(*), max(p.timestamp)"
        f" FROM {_CARRIERS} WHERE v.group_id IN (SELECT value FROM json_each(?)) AND {within}"
        " GROUP BY v.group_id, l.resolution ORDER BY count(*) DESC, max(l.seq) DESC",
        (ids, *projects),
    ).fetchall()
    evidence = _evidence(connection, ids, filters)
    carriers = states(connection, [row[2] for row in rows])
    return [
        Resolution(
            group_id,
            resolution,
            carrier.content()["data"]["resolution"],
            carrier.pattern_id,
            occurrences,
            last_at,
            evidence[group_id, resolution],
        )
        for (group_id, resolution, _, occurrences, last_at), carrier in zip(
            rows, carriers, strict=True
        )
    ]


def _evidence(
    connection: Connection, ids: str, filters: Filters
) -> defaultdict[tuple[str, str], list[Evidence]]:
    """The latest evidence by group and resolution."""
    within, projects = project_condition("v.project_name", filters)
    reaching, reached = reach_condition("o.projects", filters)
    found: defaultdict[tuple[str, str], list[Evidence]] = defaultdict(list)
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT group_id, resolution, at, worked, source FROM ("
        " SELECT *, row_number() OVER (PARTITION BY group_id, resolution ORDER BY at DESC) AS place"
        " FROM (SELECT v.group_id AS group_id, l.resolution AS resolution, p.timestamp AS at,"
        f" 1 AS worked, iif(l.auto_resolved, '{Source.AUTO_RESOLVED}', '{Source.CARRIED}')"
        f" AS source FROM {_CARRIERS}"
        f" WHERE v.group_id IN (SELECT value FROM json_each(?)) AND {within}"
        f" UNION ALL SELECT o.group_id, o.resolution, o.at, o.worked, '{Source.OUTCOME}'"
        " FROM outcomes o"
        f" WHERE o.group_id IN (SELECT value FROM json_each(?)) AND {reaching}))"
        " WHERE place <= ? ORDER BY at DESC, source, worked",
        (ids, *projects, ids, *reached, EVIDENCE),
    ).fetchall()
    for group_id, resolution, at, worked, source in rows:
        found[group_id, resolution].append(Evidence(at, bool(worked), Source(source)))
    return found
