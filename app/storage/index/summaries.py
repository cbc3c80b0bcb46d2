"""The summaries of hours and days by agent, and which periods have none.

A summary is there only while it is exactly right. The table `unsummarised` has every period
that has patterns and no summary: a transaction that adds or removes a pattern enters its hour
and its day there, and the database deletes their summaries along with that. Whoever makes one
claims the period first, reads it in his own time, and keeps what he found only if his claim
still stands, since whatever changes the period takes it away.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from app.schemas.timestamps import HOUR, format_timestamp
from app.storage.index.connections import Connection
from app.storage.index.rows import insert_rows
from app.storage.index.totals import Totals

DAY_HOURS = 24

_NOT_WORTH_IT = -1
"""The claim on a period that is left unsummarised until something changes in it; 0: on none."""

_PATTERNS_A_ROW = 8
"""How many patterns a row of a summary must stand for; to read fewer is as quick without."""

_MOST_ROWS = 4000
"""Rows of a summary: what others may have to wait for."""

_COLUMNS = (
    "project_name, pattern_type, agent,"
    " patterns, succeeded, failed, shortest_ms, longest_ms, durations"
)

Row = tuple[Any, ...]
"""What a summary says of an agent: the values of `_COLUMNS`."""


class Period(NamedTuple):
    """An hour, or a day of 24 hours; `start` in hours since the epoch."""

    hours: int
    start: int

    @property
    def day(self) -> int:
        """The day it is, or is a part of, counted from the epoch."""
        return self.start // DAY_HOURS

    def __str__(self) -> str:
        length = "day" if self.hours == DAY_HOURS else "hour"
        return f"the summary of the {length} from {format_timestamp(self.start * HOUR)}"

    def each_hour(self) -> range:
        """The hours that it is made of."""
        return range(self.start, self.start + self.hours)


def periods_of(day: int) -> list[Period]:
    """A day and its hours."""
    whole = Period(DAY_HOURS, day * DAY_HOURS)
    return [whole, *(Period(1, hour) for hour in whole.each_hour())]


def outdate(connection: Connection, hours: Iterable[int]) -> None:
    """Something changes in these hours: they and their days have no summary from now on.

    Most often they had none before. So this is as little as can be, since every write does it;
    what there is to do where an hour had one, or was claimed, and for its day, triggers do.
    """
    insert_rows(
        connection,
        "unsummarised (hours, start, claim)",
        [(1, hour, 0) for hour in hours],
        "ON CONFLICT DO UPDATE SET claim = 0 WHERE claim <> 0",
    )


def unsummarised(connection: Connection, first_day: int, last_day: int) -> set[Period]:
    """The periods of some days, these included, that have no summary though they have patterns."""
    rows = connection.execute(
        "SELECT hours, start FROM unsummarised WHERE hours IN (1, ?) AND start BETWEEN ? AND ?",
        (DAY_HOURS, first_day * DAY_HOURS, last_day * DAY_HOURS + DAY_HOURS - 1),
    )
    return {Period(*row) for row in rows}


def claim(connection: Connection, before: int, run: int) -> list[Period]:
    """Claim for a run, numbered from 1, what ended before a time; the latest come first."""
    rows = connection.execute(
        "UPDATE unsummarised SET claim = ? WHERE claim <> ? AND start + hours <= ?"
        " RETURNING hours, start",
        (run, _NOT_WORTH_IT, before // HOUR),
    ).fetchall()
    return sorted((Period(*row) for row in rows), key=lambda period: -period.start)


def rows_of(totals: Totals) -> list[Row]:
    """The rows of a summary, of totals by project (None: all of them), type and agent.

    Those by project are left out where there are too few patterns for them.
    """
    patterns = sum(total.patterns for (project, *_), total in totals.items() if project is None)
    by_project = _is_worth(len(totals), patterns)
    return [(*key, *total.row()) for key, total in totals.items() if by_project or key[0] is None]


def keep(connection: Connection, period: Period, run: int, rows: Sequence[Row]) -> bool:
    """Keep a summary if nothing has changed since the run claimed its period, and it is worth it.

    Returns whether it did.
    """
    claimed = (*period, run)
    where = "WHERE hours = ? AND start = ? AND claim = ?"
    patterns = sum(row[3] for row in rows if row[0] is None)
    if not _is_worth(len(rows), patterns):
        connection.execute(f"UPDATE unsummarised SET claim = {_NOT_WORTH_IT} {where}", claimed)
        return False
    if not connection.execute(f"DELETE FROM unsummarised {where}", claimed).rowcount:
        return False
    into = f"agent_summaries (hours, start, {_COLUMNS})"
    insert_rows(connection, into, [(*period, *row) for row in rows])
    return True


def read(
    connection: Connection, hours: int, starts: Sequence[int], project_name: str | None = None
) -> Iterable[Row]:
    """The rows of the summaries of some periods, of one project or of all together."""
    return connection.execute(
        f"SELECT {_COLUMNS} FROM json_each(?) period CROSS JOIN agent_summaries"
        " ON hours = ? AND start = period.value AND project_name IS ?",
        (json.dumps(starts), hours, project_name),
    )


def everything(connection: Connection) -> dict[Period, list[Row]]:
    """The rows of all summaries."""
    found: defaultdict[Period, list[Row]] = defaultdict(list)
    for hours, start, *row in connection.execute(
        f"SELECT hours, start, {_COLUMNS} FROM agent_summaries"
    ):
        found[Period(hours, start)].append(tuple(row))
    return found


def is_by_project(connection: Connection, period: Period) -> bool:
    """Whether a period has a summary that tells projects apart: then it has all of them."""
    row = connection.execute(
        "SELECT 1 FROM agent_summaries"
        " WHERE hours = ? AND start = ? AND project_name IS NOT NULL LIMIT 1",
        period,
    )
    return row.fetchone() is not None


def _is_worth(rows: int, patterns: int) -> bool:
    """Whether so many rows are a good summary of so many patterns."""
    return rows <= min(patterns / _PATTERNS_A_ROW, _MOST_ROWS)
