"""Filters as SQL, with the way into the data chosen here rather than by SQLite's planner.

A query is answered by walking one index in time's order and testing each row against the
other conditions, so that the first page costs about a page. The filter whose values tend to
be rarest leads. Where it allows several values, each has a branch of its own, limited like
the whole, and the branches are merged.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from app.schemas.fields import PatternType
from app.schemas.filters import Filters, Order, Position
from app.schemas.words import Phrase
from app.storage.index import ids
from app.storage.index.rows import COLUMNS

_LEADING_COLUMNS = (
    ("session_id", "patterns_by_session"),
    ("user_id", "patterns_by_user"),
    ("tag", ""),
    ("error_type", "patterns_by_error"),
    ("task_type", "patterns_by_task"),
    ("agent", "patterns_by_agent"),
    ("severity", "patterns_by_severity"),
    ("project_name", "patterns_by_project"),
    ("pattern_type", "patterns_by_type"),
)
"""From the rarest values to the commonest, and the index that has them in time's order."""

_EQUALITIES = (
    "agent",
    "task_type",
    "project_name",
    "environment",
    "session_id",
    "user_id",
    "success",
    "error_type",
    "severity",
)

_MOST_BRANCHES = 100
"""Values a filter may lead with; SQLite takes no more than 500 parts of one statement."""

_GROUP = (
    "variants v CROSS JOIN learned l ON l.variant = v.number CROSS JOIN patterns p ON p.seq = l.seq"
)
"""The errors of a group."""

_LEARNED = "CROSS JOIN learned l ON l.seq = p.seq CROSS JOIN variants v ON v.number = l.variant"

_DIRECTIONS = {Order.NEWEST: "DESC", Order.OLDEST: "ASC"}

Parameter = str | int | None


class Statement(NamedTuple):
    """SQL and its parameters."""

    sql: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class _Branch:
    """One walk: what it reads, the condition it leads with, and the column it finds times in.

    `has_order`: an index gives it in the order of time.
    """

    source: str
    condition: str = ""
    parameters: tuple[Parameter, ...] = ()
    time: str = "p.timestamp"
    has_order: bool = True


_BY_TIME = _Branch("patterns p INDEXED BY patterns_by_time")
"""The walk where no filter leads."""


def page(filters: Filters, order: Order, after: Position | None, limit: int) -> Statement:
    """`COLUMNS` of the first matches after a position, in order."""
    direction = _DIRECTIONS[order]
    ordering = f" ORDER BY {{time}} {direction}, {{id}} {direction} LIMIT {limit}"
    walks = []
    for branch in _branches(filters):
        sql, parameters = _walk(filters, order, after, branch)
        sql += ordering.format(time=branch.time, id="p.pattern_id")
        walks.append(Statement(sql, parameters))
    if len(walks) == 1:
        return walks[0]
    union = _union([Statement(f"SELECT * FROM ({sql})", values) for sql, values in walks])
    sql = f"SELECT * FROM ({union.sql})" + ordering.format(time="timestamp", id="pattern_id")
    return Statement(sql, union.parameters)


def by_time(filters: Filters, order: Order, after: Position | None) -> Statement | None:
    """`COLUMNS` of all matches after a position by time alone; None where no index has that order.

    So nothing is sorted, and the walk goes only as far as its rows are fetched.
    """
    branch, *others = _branches(filters)
    if others or not branch.has_order:
        return None
    sql, parameters = _walk(filters, order, after, branch)
    return Statement(f"{sql} ORDER BY {branch.time} {_DIRECTIONS[order]}", parameters)


def _walk(filters: Filters, order: Order, after: Position | None, branch: _Branch) -> Statement:
    conditions, parameters = _conditions(filters, branch)
    if after is not None:
        sign = "<" if order is Order.NEWEST else ">"
        conditions.append(
            f"{branch.time} {sign}= ? AND ({branch.time} {sign} ? OR p.pattern_id {sign} ?)"
        )
        parameters += [after.timestamp, after.timestamp, after.pattern_id]
    sql = f"SELECT {COLUMNS} FROM {branch.source}{_where(conditions)}"
    return Statement(sql, tuple(parameters))


def tally(filters: Filters, limit: int) -> Statement:
    """(pattern_type, number) of the matches, of the first `limit` of them."""
    walks = []
    for branch in _branches(filters):
        conditions, parameters = _conditions(filters, branch)
        sql = (
            "SELECT * FROM (SELECT p.seq, p.pattern_type AS pattern_type"
            f" FROM {branch.source}{_where(conditions)} LIMIT {limit})"
        )
        walks.append(Statement(sql, tuple(parameters)))
    union = _union(walks)
    return Statement(
        "SELECT pattern_type, count(*) FROM"
        f" (SELECT * FROM ({union.sql}) LIMIT {limit}) GROUP BY 1",
        union.parameters,
    )


def all_seqs(filters: Filters) -> Statement:
    """(seq) of every match, oldest change first."""
    walks = []
    for branch in _branches(filters):
        conditions, parameters = _conditions(filters, branch)
        sql = f"SELECT p.seq AS seq FROM {branch.source}{_where(conditions)}"
        walks.append(Statement(sql, tuple(parameters)))
    union = _union(walks)
    return Statement(f"{union.sql} ORDER BY seq", union.parameters)


def changed(filters: Filters, after_seq: int, through: int, limit: int) -> Statement:
    """(seq) of the matches whose latest change lies in a window of `seq`, in its order."""
    branch = _Branch("patterns p NOT INDEXED", "p.seq > ? AND p.seq <= ?", (after_seq, through))
    conditions, parameters = _conditions(filters, branch)
    if filters.phrases:
        conditions.append(
            "p.seq IN (SELECT rowid FROM words WHERE words MATCH ? AND rowid > ? AND rowid <= ?)"
        )
        parameters += [match_expression(filters.phrases), after_seq, through]
    sql = f"SELECT p.seq FROM {branch.source}{_where(conditions)} ORDER BY p.seq LIMIT {limit}"
    return Statement(sql, tuple(parameters))


def naming_agents(filters: Filters, key: str) -> list[Statement]:
    """`key`, success and duration of the matches that name an agent: each in one of these.

    Where nothing rarer leads, each type is walked for itself along `patterns_by_type`, which
    has these columns.
    """
    if not filters.pattern_types and _branches(filters) == [_BY_TIME]:
        filters = replace(filters, pattern_types=tuple(map(str, PatternType)))
    columns = f"{key}, p.success AS success, p.duration_ms AS duration_ms"
    walks = []
    for branch in _branches(filters):
        conditions, parameters = _conditions(filters, branch)
        sql = f"FROM {branch.source}{_where([*conditions, 'p.agent IS NOT NULL'])}"
        walks.append(Statement(sql, tuple(parameters)))
    if not filters.any_tags:  # then no two branches find the same
        return [Statement(f"SELECT {columns} {sql}", parameters) for sql, parameters in walks]
    seqs = _union([Statement(f"SELECT p.seq AS seq {sql}", values) for sql, values in walks])
    sql = f"SELECT {columns} FROM ({seqs.sql}) CROSS JOIN patterns p USING (seq)"
    return [Statement(sql, seqs.parameters)]


def grouped_errors(filters: Filters, columns: str, group_ids: Collection[str] = ()) -> Statement:
    """`columns` of the matches `p` that are errors of a group, of some if any are named.

    With `l`, what was learned of each, and `v`, its variant.
    """
    group_ids = group_ids or [] if filters.group_id is None else [filters.group_id]
    filters = replace(_of_errors(filters), group_id=None)
    if group_ids:
        branches = [_Branch(_GROUP, any_of("v.group_id", group_ids), tuple(group_ids))]
    else:
        branches = [
            replace(branch, source=f"{branch.source} {_LEARNED}") for branch in _branches(filters)
        ]
    walks = []
    for branch in branches:
        conditions, parameters = _conditions(filters, branch)
        sql = f"SELECT {columns} FROM {branch.source}{_where(conditions)}"
        walks.append(Statement(sql, tuple(parameters)))
    if len(walks) == 1:
        return walks[0]
    seqs = all_seqs(filters)
    sql = f"SELECT {columns} FROM ({seqs.sql}) CROSS JOIN patterns p USING (seq) {_LEARNED}"
    return Statement(sql, seqs.parameters)


def _of_errors(filters: Filters) -> Filters:
    """The same, for errors alone."""
    error = str(PatternType.ERROR_OCCURRENCE)
    if filters.pattern_types and error not in filters.pattern_types:
        return replace(filters, pattern_types=("",))  # which none is
    return replace(filters, pattern_types=(error,))


def match_expression(phrases: Sequence[Phrase]) -> str:
    """Phrases in the language of FTS5; words hold nothing that would need escaping."""
    return " AND ".join(
        f'"{" ".join(phrase.words)}"' + (" *" if phrase.prefix else "") for phrase in phrases
    )


def _branches(filters: Filters) -> list[_Branch]:
    if filters.pattern_ids:
        condition = any_of("i.pattern_id", filters.pattern_ids)
        return [_Branch(ids.PATTERNS, condition, filters.pattern_ids, has_order=False)]
    if filters.phrases:
        source = "words CROSS JOIN patterns p ON p.seq = words.rowid"
        expression = match_expression(filters.phrases)
        return [_Branch(source, "words MATCH ?", (expression,), has_order=False)]
    if filters.group_id is not None:
        return [_Branch(_GROUP, "v.group_id = ?", (filters.group_id,), has_order=False)]
    for column, index in _LEADING_COLUMNS:
        values = _values(filters, column)
        if len(values) > _MOST_BRANCHES:
            continue
        if values and column == "tag":
            source = "tags t CROSS JOIN patterns p ON p.seq = t.seq"
            return [_Branch(source, "t.tag = ?", (value,), "t.timestamp") for value in values]
        if values:
            source = f"patterns p INDEXED BY {index}"
            return [_Branch(source, f"p.{column} = ?", (value,)) for value in values]
    return [_BY_TIME]


def _values(filters: Filters, column: str) -> tuple[Parameter, ...]:
    """What a column may be, where the filters say so by naming values."""
    if column == "tag":
        return filters.tags[:1] or filters.any_tags
    if column == "pattern_type":
        return filters.pattern_types
    if column == "project_name" and filters.project_name is None:
        return filters.projects
    value = getattr(filters, column)
    return () if value is None else (value,)


def _conditions(filters: Filters, branch: _Branch) -> tuple[list[str], list[Parameter]]:
    """All that a branch must test, its own condition first."""
    conditions, parameters = [branch.condition] if branch.condition else [], [*branch.parameters]

    def require(condition: str, *values: Parameter) -> None:
        conditions.append(condition)
        parameters.extend(values)

    for condition, bound in (
        (f"{branch.time} >= ?", filters.start),
        (f"{branch.time} <= ?", filters.end),
        ("p.duration_ms >= ?", filters.min_duration_ms),
        ("p.duration_ms <= ?", filters.max_duration_ms),
    ):
        if bound is not None:
            require(condition, bound)
    for column in _EQUALITIES:
        value = getattr(filters, column)
        if value is not None and f"p.{column} = ?" != branch.condition:
            require(f"p.{column} = ?", value)
    if filters.pattern_types and branch.condition != "p.pattern_type = ?":
        require(any_of("p.pattern_type", filters.pattern_types), *filters.pattern_types)
    if filters.projects and not (
        branch.condition == "p.project_name = ?" and filters.project_name is None
    ):
        require(any_of("p.project_name", filters.projects), *filters.projects)
    if filters.pattern_ids and not branch.condition.startswith("i.pattern_id"):
        require(any_of("p.pattern_id", filters.pattern_ids), *filters.pattern_ids)
    led_by_tag = branch.condition == "t.tag = ?"
    tags = set(filters.tags).difference(branch.parameters if led_by_tag else ())
    if tags:
        require(f"{_tags_among(tags)} = {len(tags)}", *tags)
    if filters.any_tags and not (led_by_tag and not filters.tags):
        require(f"{_tags_among(filters.any_tags)} > 0", *filters.any_tags)
    if filters.group_id is not None and branch.condition != "v.group_id = ?":
        require(
            "EXISTS (SELECT 1 FROM learned l CROSS JOIN variants v ON v.number = l.variant"
            " WHERE l.seq = p.seq AND v.group_id = ?)",
            filters.group_id,
        )
    if filters.phrases and branch.condition.startswith(("i.pattern_id", "v.group_id IN")):
        require(
            "p.seq IN (SELECT rowid FROM words WHERE words MATCH ?)",
            match_expression(filters.phrases),
        )
    return conditions, parameters


def _union(walks: Sequence[Statement]) -> Statement:
    """The walks as one statement, each row once."""
    return Statement(
        " UNION ".join(walk.sql for walk in walks),
        tuple(parameter for walk in walks for parameter in walk.parameters),
    )


def _tags_among(tags: Collection[str]) -> str:
    """How many of some tags a pattern has."""
    return (
        f"(SELECT count(*) FROM tags WHERE {any_of('tag', tags)}"
        " AND timestamp = p.timestamp AND seq = p.seq)"
    )


def any_of(column: str, values: Collection[Parameter]) -> str:
    """The condition that a column is one of some values."""
    return f"{column} IN ({', '.join('?' * len(values))})"


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
