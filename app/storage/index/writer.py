"""Group commit: the writes that wait share the next transaction.

A durable commit costs one sync of the disk however much it holds, so while one transaction is
under way the writes that arrive wait, and then go together. The event loop's own thread fills a
small transaction, since two threads that take turns at each statement are slower than one; the
writer's thread makes it durable while more writes arrive, and does all of what is large. Only
where a write is alone, and the disk quick, does the loop wait for that as well.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any, TypeVar

from app.errors import StorageUnavailable
from app.metrics import Metrics
from app.schemas.records import Record
from app.storage.base import Insertion
from app.storage.index.commit import Commit, Write, weight_of
from app.storage.index.connections import Connection, be_patient, forget_pages, patience
from app.storage.index.failures import DRIVER_ERRORS, translated
from app.storage.index.mirror import Mirror
from app.storage.index.readiness import Readiness
from app.storage.index.transaction import Transaction
from app.storage.index.worker import Worker

T = TypeVar("T")

_AT_ONCE_SECONDS = 0.005
"""How long a commit may keep the event loop from all else; after one that took longer, the next
is made durable by the thread."""

_AT_ONCE_WEIGHT = 64
"""What a transaction may hold for the event loop to fill it, as `weight_of` has it: some
milliseconds' work."""


class Writer:
    """The one way to change the database."""

    def __init__(
        self, worker: Worker, metrics: Metrics, mirror: Mirror, readiness: Readiness
    ) -> None:
        self._worker = worker
        self._metrics = metrics
        self._mirror = mirror
        self._readiness = readiness
        self._waiting: list[Write] = []
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._last_seconds = 0.0
        self._small_first = False
        self.commits = 0
        """How many transactions there were since it was opened."""
        self._committed_one = asyncio.Event()

    async def open(self) -> None:
        """Connect and begin to take writes."""
        await self._worker.open()
        await self._worker.run(_be_impatient)
        self._task = asyncio.create_task(self._take_groups(), name="writer")

    async def change_alone(self, change: Callable[[Transaction], T]) -> T:
        """`change` in a transaction of its own, also while the database is being made ready.

        So it finds all that others have written where the mirror keeps it, and nothing that
        is still to go there.
        """
        write = Write(_future(), change=change, weight=math.inf, alone=True)
        result: T = await self._enqueue(write)
        return result

    async def insert(
        self, records: Sequence[Record], starting: Callable[[], None]
    ) -> list[Insertion]:
        """Insert records, together with those of every other caller that waits."""
        self._readiness.check()
        outcomes: list[Insertion] = await self._enqueue(Write(_future(), records, starting))
        return outcomes

    async def change(self, change: Callable[[Transaction], T], weight: float = math.inf) -> T:
        """Do anything else in a transaction, so much work.

        `change` either raises a domain error before it changed anything, or succeeds; any
        other failure undoes the whole group, whose members are then tried one by one.
        """
        self._readiness.check()
        result: T = await self._enqueue(Write(_future(), change=change, weight=weight))
        return result

    async def outside(self, work: Callable[[Connection], T]) -> T:
        """Do what is none of the writes, such as a checkpoint, between two of them."""
        try:
            return await self._worker.run(partial(_patiently, work))
        except DRIVER_ERRORS as error:
            await self._worker.run(forget_pages)
            raise translated(error) from error

    async def reconnect(self, between: Callable[[], None]) -> None:
        """Disconnect, do something to the file, and connect again. Errors come through."""
        await self._worker.disconnect()
        await asyncio.to_thread(between)
        await self._worker.connect()
        await self._worker.run(_be_impatient)

    async def next_commit(self, after: int) -> int:
        """See `Storage.next_commit`."""
        while self.commits <= after:
            await self._committed_one.wait()
        return self.commits

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

    async def _enqueue(self, write: Write) -> Any:
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
            while group := self._next_group():
                for write in group:
                    write.starting()
                started = time.perf_counter()
                results = await self._committed(group)
                self._last_seconds = time.perf_counter() - started
                self._metrics.commit_seconds.observe(self._last_seconds)
                self._metrics.commit_writes.observe(len(group))
                taken = set(map(id, group))
                self._waiting = [write for write in self._waiting if id(write) not in taken]
                for write, result in zip(group, results, strict=True):
                    write.settle(result)
                self.commits += 1
                self._committed_one.set()
                self._committed_one.clear()

    def _next_group(self) -> list[Write]:
        """The writes that go together next: once the small ones, where they wait beside large ones.

        Whoever saves one pattern would wait for others' thousands; so these wait for one small
        transaction.
        """
        group = _first_group(self._waiting)
        small = [write for write in group if _is_small(write)]
        self._small_first = not self._small_first and 0 < len(small) < len(group)
        return small if self._small_first else group

    async def _those_at_the_door(self) -> None:
        """Let writes join while each turn of the event loop brings some."""
        there = 0
        while there < len(self._waiting) < _AT_ONCE_WEIGHT:
            there = len(self._waiting)
            await asyncio.sleep(0)

    async def _committed(self, group: Sequence[Write]) -> list[Any]:
        """The result of each write of a group, once they are committed."""
        commit = Commit(group, self._mirror)
        connection = self._worker.at_hand()
        weight = sum(map(_weight, group))
        if connection is None or weight > _AT_ONCE_WEIGHT or not _has_begun(connection):
            return await self._worker.run(commit.run)
        commit.fill(connection)
        if len(group) == 1 and self._last_seconds < _AT_ONCE_SECONDS:
            return commit.keep(connection)
        return await self._worker.run(commit.keep)


def _is_small(write: Write) -> bool:
    """Whether the event loop could do it; thousands of records need not be weighed for that."""
    return len(write.records) <= _AT_ONCE_WEIGHT and _weight(write) <= _AT_ONCE_WEIGHT


def _weight(write: Write) -> float:
    return write.weight + weight_of(write.records)


def _has_begun(connection: Connection) -> bool:
    """Begin a transaction, unless that means to wait for another process, or fails."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except DRIVER_ERRORS:
        return False
    return True


def _be_impatient(connection: Connection) -> None:
    """The event loop's thread waits for nobody; where the writer's does, it says so.

    To say so each time that the loop begins a transaction took a tenth of a small one.
    """
    be_patient(connection, 0)


def _patiently(work: Callable[[Connection], T], connection: Connection) -> T:
    with patience(connection):
        return work(connection)


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _first_group(waiting: Sequence[Write]) -> list[Write]:
    """The writes that go together next."""
    if waiting and waiting[0].alone:
        return [waiting[0]]
    return [*takewhile(lambda write: not write.alone, waiting)]
