"""Making the summaries that are missing, in short steps beside the other writers."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from functools import partial
from itertools import count

from app.schemas.filters import Filters
from app.schemas.timestamps import HOUR
from app.storage.index import selection, summaries
from app.storage.index.connections import Connection
from app.storage.index.readers import Readers
from app.storage.index.summaries import Period, Row
from app.storage.index.totals import Total, Totals, add_patterns
from app.storage.index.transaction import Transaction
from app.storage.index.writer import Writer


class Summariser:
    """Makes summaries of periods that have ended."""

    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer
        self._runs = count(1)

    async def run(self, before: int) -> AsyncIterator[int]:
        """Those of periods that ended before a time; yields after each how many it kept."""
        run = next(self._runs)
        claim = partial(summaries.claim, before=before, run=run)
        for period in await self._writer.change(lambda to: claim(to.connection)):
            totals: Totals = defaultdict(Total)
            for hour in period.each_hour():  # read one by one, since a day may be long
                await self._readers.run(partial(_add_hour, hour=hour, to=totals))
            rows = await asyncio.to_thread(summaries.rows_of, totals)
            yield await self._writer.change(partial(_keep, period=period, run=run, rows=rows))


def summary_of(connection: Connection, period: Period) -> list[Row]:
    """The summary of a period as it must be."""
    totals: Totals = defaultdict(Total)
    for hour in period.each_hour():
        _add_hour(connection, hour, totals)
    return summaries.rows_of(totals)


def _add_hour(connection: Connection, hour: int, to: Totals) -> None:
    """Add an hour to the totals of all projects and to those of each."""
    filters = Filters(start=hour * HOUR, end=hour * HOUR + HOUR - 1)
    for statement in selection.naming_agents(filters, "p.project_name, p.pattern_type, p.agent"):
        rows = connection.execute(statement.sql, statement.parameters).fetchall()
        add_patterns(to, rows)
        add_patterns(to, ((None, *row[1:]) for row in rows))


def _keep(transaction: Transaction, period: Period, run: int, rows: Sequence[Row]) -> int:
    return summaries.keep(transaction.connection, period, run, rows)
