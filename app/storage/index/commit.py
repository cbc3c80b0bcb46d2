"""One transaction for a group of writes."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import DamagedStore, PatternStoreError
from app.schemas.records import Record
from app.storage.index.connections import Connection, forget_pages, patience, roll_back
from app.storage.index.failures import DRIVER_ERRORS, translated
from app.storage.index.mirror import Mirror
from app.storage.index.transaction import Transaction

_WEIGHING_BYTES = 4096


def weight_of(records: Iterable[Record]) -> float:
    """How much work it is to write records: about one for each of usual size."""
    return sum(1 + len(record.document) / _WEIGHING_BYTES for record in records)


@dataclass(slots=True)
class Write:
    """One caller's wish: records to insert, or a change of so much weight in the transaction.

    There may come more records until `starting` is called.
    """

    future: asyncio.Future[Any]
    records: Sequence[Record] = ()
    starting: Callable[[], None] = lambda: None
    change: Callable[[Transaction], Any] | None = None
    weight: float = 0.0
    alone: bool = False

    def settle(self, result: Any) -> None:
        """Tell the caller how it went, unless he went away: it is committed all the same."""
        if self.future.cancelled():
            return
        if isinstance(result, BaseException):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


class Commit:
    """A transaction as it is begun, filled and kept; each step may be done by another thread."""

    def __init__(self, group: Sequence[Write], mirror: Mirror) -> None:
        self._group = group
        self._mirror = mirror
        self._transaction: Transaction | None = None
        self._results: list[Any] = []
        self._failure: Exception | None = None

    def run(self, connection: Connection) -> list[Any]:
        """The result of each write, an exception where it failed."""
        try:
            with patience(connection):
                connection.execute("BEGIN IMMEDIATE")
        except DRIVER_ERRORS as error:  # none of them is to blame: no use in trying one by one
            return [translated(error) for _ in self._group]
        self.fill(connection)
        return self.keep(connection)

    def fill(self, connection: Connection) -> None:
        """Make the changes, in a transaction that has begun; `keep` tells what failed."""
        try:
            self._transaction = Transaction(connection, self._mirror)
            self._results = self._applied(self._transaction)
            self._transaction.finish()
        except Exception as error:  # noqa: BLE001 - whatever it is, each caller gets his answer
            self._failure = error

    def keep(self, connection: Connection) -> list[Any]:
        """Make the changes durable; what `run` returns.

        What fails undoes all of them, and the writes are then tried one by one.
        """
        try:
            if self._failure is not None:
                raise self._failure
            assert self._transaction is not None, "fill comes first"
            self._transaction.keep()
            connection.execute("COMMIT")
            self._mirror.committed()
            return self._results
        except Exception as error:  # noqa: BLE001
            roll_back(connection)
            if isinstance(error, (*DRIVER_ERRORS, DamagedStore)):
                forget_pages(connection)
            self._mirror.undone(connection)
            if len(self._group) > 1:
                return [Commit([write], self._mirror).run(connection)[0] for write in self._group]
            return [translated(error)]

    def _applied(self, transaction: Transaction) -> list[Any]:
        inserted = iter(transaction.insert([r for write in self._group for r in write.records]))
        results: list[Any] = []
        for write in self._group:
            if write.change is None:
                results.append([next(inserted) for _ in write.records])
            else:
                try:
                    results.append(write.change(transaction))
                except PatternStoreError as error:
                    results.append(error)
        return results
