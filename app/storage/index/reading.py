"""The reads of the contract, each a function of a connection inside one read transaction."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest, nsmallest
from itertools import chain, takewhile
from operator import attrgetter

from app.errors import HistoryGone
from app.schemas.filters import Filters, Order, Position
from app.schemas.records import StoredDocument
from app.schemas.timestamps import DAY, day_of
from app.storage.base import Change, Changes, Count, Page, Summary, Tally, Tombstone
from app.storage.index import ids, selection
from app.storage.index.connections import Connection
from app.storage.index.failures import damage
from app.storage.index.meta import numbers_of
from app.storage.index.recent import Key, key_of
from app.storage.index.rows import COLUMNS, Row, stored_document

COUNT_LIMIT = 100_000
"""Matches counted one by one before an answer says "at least"."""

WINDOW = 20_000
"""How many commit numbers one step of `changes` looks at."""


def get(connection: Connection, pattern_id: str) -> StoredDocument | None:
    """See `Storage.get`."""
    row = connection.execute(
        f"SELECT {COLUMNS} FROM {ids.PATTERNS} WHERE i.pattern_id = ?", (pattern_id,)
    ).fetchone()
    if row is None:
        return None
    (state,) = connection.recent.of([key_of(row)])
    if state is None:
        state = stored_document(row, connection.documents.read(row[4]))
        connection.recent.add([(key_of(row), state)])
    return state


def query(
    connection: Connection,
    filters: Filters,
    order: Order,
    limit: int,
    max_bytes: int,
    after: Position | None,
) -> Page:
    """See `Storage.query`."""
    found = _first(connection, filters, order, limit + 1, after)
    patterns: list[StoredDocument] = []
    for pattern in _states_of(connection, found[:limit]):
        max_bytes -= len(pattern.json)
        if patterns and max_bytes < 0:
            break
        patterns.append(pattern)
    return Page(patterns, more=len(patterns) < len(found))


def _states_of(connection: Connection, rows: Sequence[Row]) -> Iterator[StoredDocument]:
    """The states of some rows in their order; those that must be read, when they are asked for."""
    known = connection.recent.of(map(key_of, rows))
    if None not in known:
        yield from filter(None, known)
        return
    unknown = [row[4] for row, state in zip(rows, known, strict=True) if state is None]
    documents = connection.documents.of(unknown)
    read: list[tuple[Key, StoredDocument]] = []
    try:
        for row, remembered in zip(rows, known, strict=True):
            state = remembered or stored_document(row, next(documents))
            if remembered is None:
                read.append((key_of(row), state))
            yield state
    finally:
        connection.recent.add(read)


def _first(
    connection: Connection, filters: Filters, order: Order, limit: int, after: Position | None
) -> list[Row]:
    """The rows of the first matches after a position, in order.

    Hardly any two are of one moment, so where an index has them by time they are not sorted by id
    in SQL: that takes a quarter of what reading them does.
    """
    walk = selection.by_time(filters, order, after)
    if walk is None:
        statement = selection.page(filters, order, after, limit)
        return connection.execute(statement.sql, statement.parameters).fetchall()
    rows = connection.execute(walk.sql, walk.parameters)
    found = rows.fetchmany(limit)
    if len({row[2] for row in found}) == len(found):
        return found
    last = found[-1][2]
    beside = takewhile(lambda row: row[2] == last, rows) if len(found) == limit else ()
    first = nlargest if order is Order.NEWEST else nsmallest
    return first(limit, chain(found, beside), key=_place)


def _place(row: Row) -> tuple[int, str]:
    """Where a row stands in the order. Raises sqlite3.DatabaseError for one that is damaged."""
    pattern_id, _, timestamp, *_ = row
    if isinstance(pattern_id, str) and isinstance(timestamp, int):
        return timestamp, pattern_id
    raise damage("a row has no time, or no id")


def count(connection: Connection, filters: Filters) -> Count:
    """See `Storage.count`."""
    by_day = _count_by_day(connection, filters)
    if by_day is not None:
        return Count(by_day, exact=True)
    statement = selection.tally(filters, COUNT_LIMIT + 1)
    by_type = dict(connection.execute(statement.sql, statement.parameters).fetchall())
    return Count(by_type, exact=sum(by_type.values()) <= COUNT_LIMIT)


def changes(
    connection: Connection,
    filters: Filters,
    after_seq: int,
    limit: int,
    max_bytes: int,
    deletes: bool,
    begun_at: int,
) -> Changes:
    """See `Storage.changes`."""
    meta = numbers_of(connection)
    if deletes and begun_at > 0 and after_seq < meta["purged_seq"]:
        raise HistoryGone(
            f"Deletions up to seq {meta['purged_seq']} are forgotten; start again at after_seq=0."
        )
    first = _next_change(connection, after_seq)
    if first is None:
        return Changes([], max(after_seq, meta["last_seq"]))
    through = min(first + WINDOW, meta["last_seq"])
    statement = selection.changed(filters, after_seq, through, limit + 1)
    seqs = [seq for (seq,) in connection.execute(statement.sql, statement.parameters)]
    found: list[Change] = []
    for pattern in states(connection, seqs[:limit]):
        max_bytes -= len(pattern.json)
        if found and max_bytes < 0:
            break
        found.append(pattern)
    if len(found) < len(seqs):
        through = found[-1].seq
    if deletes:
        found += [
            Tombstone(pattern_id, seq)
            for pattern_id, seq in connection.execute(
                "SELECT pattern_id, seq FROM tombstones WHERE seq > ? AND seq <= ?"
                " ORDER BY seq LIMIT ?",
                (after_seq, through, limit + 1),
            )
        ]
        found.sort(key=attrgetter("seq"))
    if len(found) > limit:
        through = found[limit - 1].seq
    return Changes(found[:limit], through)


def matching(connection: Connection, filters: Filters) -> list[int]:
    """See `Storage.matching`."""
    statement = selection.all_seqs(filters)
    return [seq for (seq,) in connection.execute(statement.sql, statement.parameters)]


def tallies(rows: Iterable[tuple[int, str, int]]) -> list[Tally]:
    """What patterns add up to, of which timestamp, type and size are known."""
    numbers: Counter[tuple[int, str]] = Counter()
    sizes: Counter[tuple[int, str]] = Counter()
    for timestamp, pattern_type, size in rows:
        numbers[day_of(timestamp), pattern_type] += 1
        sizes[day_of(timestamp), pattern_type] += size
    return [Tally(*key, number, sizes[key]) for key, number in sorted(numbers.items())]


def summary(connection: Connection, now: int, stored_bytes: int) -> Summary:
    """See `Storage.summary`."""
    days = [
        Tally(*row)
        for row in connection.execute(
            "SELECT day, pattern_type, sum(patterns), sum(bytes) FROM days"
            " GROUP BY day, pattern_type ORDER BY day, pattern_type"
        )
    ]
    oldest, newest = (
        connection.execute(f"SELECT {extreme}(timestamp) FROM patterns").fetchone()[0]
        for extreme in ("min", "max")
    )
    in_future = connection.execute(
        "SELECT count(*) FROM patterns WHERE timestamp > ?", (now,)
    ).fetchone()[0]
    meta = numbers_of(connection)
    size = sum(day.bytes for day in days)
    return Summary(
        days,
        oldest,
        newest,
        in_future,
        stored_bytes,
        document_bytes=size - meta["saved_bytes"],
        raw_bytes=size,
        last_seq=meta["last_seq"],
        purged_seq=meta["purged_seq"],
    )


def summary_of_projects(connection: Connection, now: int, projects: Sequence[str]) -> Summary:
    """See `Storage.summary_of_projects`."""
    among = selection.any_of("project_name", projects)
    days = [
        Tally(*row)
        for row in connection.execute(
            f"SELECT day, pattern_type, sum(patterns), sum(bytes) FROM days WHERE {among}"
            " GROUP BY day, pattern_type ORDER BY day, pattern_type",
            projects,
        )
    ]
    oldest, newest, in_future, last_seq = connection.execute(
        "SELECT min(timestamp), max(timestamp), coalesce(sum(timestamp > ?), 0),"
        " coalesce(max(seq), 0)"
        f" FROM patterns INDEXED BY patterns_by_project WHERE {among}",
        (now, *projects),
    ).fetchone()
    size = sum(day.bytes for day in days)
    return Summary(days, oldest, newest, in_future, size, size, size, last_seq, purged_seq=0)


def _next_change(connection: Connection, after_seq: int) -> int | None:
    """The next `seq` that is in use; a preserved one may lie far ahead."""
    following: int | None = connection.execute(
        "SELECT min(seq) FROM (SELECT min(seq) AS seq FROM patterns WHERE seq > ?"
        " UNION ALL SELECT min(seq) FROM tombstones WHERE seq > ?)",
        (after_seq, after_seq),
    ).fetchone()[0]
    return following


def states(connection: Connection, seqs: Sequence[int]) -> Iterator[StoredDocument]:
    """The states that some `seq` name, in their order, each read when it is asked for."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM json_each(?) s CROSS JOIN patterns p ON p.seq = s.value",
        (json.dumps([*seqs]),),
    ).fetchall()
    for row, document in zip(rows, connection.documents.of([row[4] for row in rows]), strict=True):
        yield stored_document(row, document)


def _count_by_day(connection: Connection, filters: Filters) -> dict[str, int] | None:
    """The count from the daily sums, where these say all that the filters ask for."""
    told = Filters(
        pattern_types=filters.pattern_types,
        project_name=filters.project_name,
        projects=filters.projects,
        start=filters.start,
        end=filters.end,
    )
    starts_a_day = filters.start is None or filters.start % DAY == 0
    ends_a_day = filters.end is None or (filters.end + 1) % DAY == 0
    if filters != told or not starts_a_day or not ends_a_day:
        return None
    conditions: list[str] = []
    parameters: list[str | int] = []
    if filters.start is not None:
        conditions.append("day >= ?")
        parameters.append(day_of(filters.start))
    if filters.end is not None:
        conditions.append("day <= ?")
        parameters.append(day_of(filters.end))
    if filters.project_name is not None:
        conditions.append("project_name = ?")
        parameters.append(filters.project_name)
    if filters.projects:
        conditions.append(selection.any_of("project_name", filters.projects))
        parameters += filters.projects
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    rows: Sequence[tuple[str, int]] = connection.execute(
        f"SELECT pattern_type, sum(patterns) FROM days{where} GROUP BY pattern_type", parameters
    ).fetchall()
    wanted = filters.pattern_types
    return {name: number for name, number in rows if not wanted or name in wanted}
