"""Group commit: all writes that wait share the next transaction.

A durable commit costs one sync of the disk however much it holds, so while one transaction is
under way the writes that arrive wait, and then go together. A small one is committed at once, by
the event loop's own thread, as long as that is quick: a slow disk's, and one with many files to
write, are left to the writer's thread, beside which the loop goes on.
"""

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any, TypeVar

from app.errors import PatternStoreError, StorageUnavailable
from app.metrics import Metrics
from app.schemas.records import Record
from app.storage.base import Insertion
from app.storage.index.connections import (
    Connection,
    Readiness,
    Worker,
    translated,
    waiting_for_no_one,
)
from app.storage.index.mirror import Mirror
from app.storage.index.transaction import Transaction

T = TypeVar("T")

_AT_ONCE_SECONDS = 0.01
"""How long a commit may keep the event loop from all else; after one that took longer, the next
is the thread's."""

_AT_ONCE_WEIGHT = 64
"""What a commit may hold for that, as `weight_of` has it: some milliseconds' work."""

_WEIGHING_BYTES = 4096


def weight_of(records: Iterable[Record]) -> float:
    """How much work it is to write records: about one for each of usual size."""
    return sum(1 + len(record.document) / _WEIGHING_BYTES for record in records)


@dataclass(slots=True)
class _Write:
    """One caller's wish: records to insert, or anything else to do in the transaction."""

    future: asyncio.Future[Any]
    weight: float
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
        self.committed = asyncio.Event()
        """Set after each transaction, for whoever waits for one, and clears it."""
        self._task: asyncio.Task[None] | None = None
        self._last_seconds = 0.0

    async def open(self) -> None:
        """Connect and begin to take writes."""
        await self._worker.open()
        self._task = asyncio.create_task(self._take_groups(), name="writer")

    async def change_alone(self, change: Callable[[Transaction], T]) -> T:
        """`change` in a transaction of its own, also while the database is being made ready.

        So it finds all that others have written where the mirror keeps it, and nothing that
        is still to go there.
        """
        result: T = await self._enqueue(_Write(_future(), math.inf, change=change, alone=True))
        return result

    async def insert(self, records: Sequence[Record]) -> list[Insertion]:
        """Insert records, together with those of every other caller that waits."""
        self._readiness.check()
        write = _Write(_future(), weight_of(records), records=records)
        outcomes: list[Insertion] = await self._enqueue(write)
        return outcomes

    async def change(self, change: Callable[[Transaction], T], weight: float = math.inf) -> T:
        """Do anything else in a transaction, so much work.

        `change` either raises a domain error before it changed anything, or succeeds; any
        other failure undoes the whole group, whose members are then tried one by one.
        """
        self._readiness.check()
        result: T = await self._enqueue(_Write(_future(), weight, change=change))
        return result

    async def outside(self, work: Callable[[Connection], T]) -> T:
        """Do what SQLite does only between transactions, such as a checkpoint."""
        try:
            return await self._worker.run(work)
        except sqlite3.Error as error:
            raise translated(error) from error

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
            await self._those_at_the_door()
            while group := _first_group(self._waiting):
                started = time.perf_counter()
                results = self._committed_at_once(group)
                if results is None:
                    commit = partial(_commit, group=group, mirror=self._mirror)
                    results = await self._worker.run(commit)
                self._last_seconds = time.perf_counter() - started
                self._metrics.commit_seconds.observe(self._last_seconds)
                self._metrics.commit_writes.observe(len(group))
                self.committed.set()
                del self._waiting[: len(group)]
                for write, result in zip(group, results, strict=True):
                    _settle(write.future, result)

    async def _those_at_the_door(self) -> None:
        """Let writes join while each turn of the event loop brings some."""
        there = 0
        while there < len(self._waiting) < _AT_ONCE_WEIGHT:
            there = len(self._waiting)
            await asyncio.sleep(0)

    def _committed_at_once(self, group: Sequence[_Write]) -> list[Any] | None:
        """What `_commit` returns, where it is quickly done, else None: the thread is to do it."""
        connection = self._worker.at_hand()
        small = sum(write.weight for write in group) <= _AT_ONCE_WEIGHT
        if connection is None or not small or self._last_seconds > _AT_ONCE_SECONDS:
            return None
        try:
            with waiting_for_no_one(connection):
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            return None
        return _commit_begun(connection, group, self._mirror)


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
    return _commit_begun(connection, group, mirror)


def _commit_begun(connection: Connection, group: Sequence[_Write], mirror: Mirror) -> list[Any]:
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
