"""Group commit: all writes that wait share the next transaction.

A durable commit costs one sync of the disk however much it holds, so while one transaction is
under way the writes that arrive wait, and then go together.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any, TypeVar

from app.errors import PatternStoreError, StorageUnavailable
from app.metrics import Metrics
from app.schemas.records import Record
from app.storage.base import Insertion
from app.storage.index.connections import Connection, Readiness, Worker, translated
from app.storage.index.mirror import Mirror
from app.storage.index.transaction import Transaction

T = TypeVar("T")


@dataclass(slots=True)
class _Write:
    """One caller's wish: records to insert, or anything else to do in the transaction."""

    future: asyncio.Future[Any]
    records: Sequence[Record] = ()
    change: Callable[[Transaction], Any] | None = None
    alone: bool = False


class Writer:
    """The one way to change the database."""

    def __init__(
        self, worker: Worker, metrics: Metrics, mirror: Mirror, readiness: Readiness
    ) -> None:
        self._worker = worker
        self._metrics = metrics
        self._mirror = mirror
        self._readiness = readiness
        self._waiting: list[_Write] = []
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._commits = 0
        self._committed = asyncio.Event()

    async def open(self) -> None:
        """Connect and begin to take writes."""
        await self._worker.open()
        self._task = asyncio.create_task(self._take_groups(), name="writer")

    async def change_alone(self, change: Callable[[Transaction], T]) -> T:
        """`change` in a transaction of its own, also while the database is being made ready.

        So it finds all that others have written where the mirror keeps it, and nothing that
        is still to go there.
        """
        result: T = await self._enqueue(_Write(_future(), change=change, alone=True))
        return result

    async def insert(self, records: Sequence[Record]) -> list[Insertion]:
        """Insert records, together with those of every other caller that waits."""
        self._readiness.check()
        outcomes: list[Insertion] = await self._enqueue(_Write(_future(), records=records))
        return outcomes

    async def change(self, change: Callable[[Transaction], T]) -> T:
        """Do anything else in a transaction.

        `change` either raises a domain error before it changed anything, or succeeds; any
        other failure undoes the whole group, whose members are then tried one by one.
        """
        self._readiness.check()
        result: T = await self._enqueue(_Write(_future(), change=change))
        return result

    async def outside(self, work: Callable[[Connection], T]) -> T:
        """Do what SQLite does only between transactions, such as a checkpoint."""
        try:
            return await self._worker.run(work)
        except sqlite3.Error as error:
            raise translated(error) from error

    async def next_commit(self, after: int) -> int:
        """See `Storage.next_commit`."""
        while self._commits <= after:
            await self._committed.wait()
        return self._commits

    async def finish(self) -> None:
        """Commit all that waits."""
        while self._waiting:
            await asyncio.gather(*[write.future for write in self._waiting], return_exceptions=True)

    async def close(self) -> None:
        """Commit all that waits, then disconnect."""
        await self.finish()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        await self._worker.close()

    async def _enqueue(self, write: _Write) -> Any:
        if self._task is None:
            raise StorageUnavailable("The store is closed.")
        self._waiting.append(write)
        self._arrived.set()
        return await write.future

    async def _take_groups(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while group := _first_group(self._waiting):
                started = time.perf_counter()
                results = await self._worker.run(partial(_commit, group=group, mirror=self._mirror))
                self._metrics.commit_seconds.observe(time.perf_counter() - started)
                self._metrics.commit_writes.observe(len(group))
                del self._waiting[: len(group)]
                for write, result in zip(group, results, strict=True):
                    _settle(write.future, result)
                self._commits += 1
                self._committed.set()
                self._committed.clear()


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _first_group(waiting: Sequence[_Write]) -> list[_Write]:
    """The writes that go together next."""
    if waiting and waiting[0].alone:
        return [waiting[0]]
    return [*takewhile(lambda write: not write.alone, waiting)]


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if future.cancelled():  # the caller went away; its write is committed all the same
        return
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)


def _commit(connection: Connection, group: Sequence[_Write], mirror: Mirror) -> list[Any]:
    """The result of each write, an exception where it failed."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:  # none of them is to blame: no use in trying one by one
        return [translated(error) for _ in group]
    try:
        transaction = Transaction(connection, mirror)
        results = _apply(transaction, group)
        transaction.finish()
        connection.execute("COMMIT")
        mirror.committed()
        return results
    except Exception as error:  # noqa: BLE001 - whatever it is, each caller gets its own answer
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        mirror.undone(connection)
        if len(group) > 1:
            return [_commit(connection, [write], mirror)[0] for write in group]
        return [translated(error)]


def _apply(transaction: Transaction, group: Sequence[_Write]) -> list[Any]:
    inserted = iter(transaction.insert([record for write in group for record in write.records]))
    results: list[Any] = []
    for write in group:
        if write.change is None:
            results.append([next(inserted) for _ in write.records])
        else:
            try:
                results.append(write.change(transaction))
            except PatternStoreError as error:
                results.append(error)
    return results
