"""A connection with a thread of its own.

SQLite's calls block, and one connection serves one thread at a time; a thread a connection
keeps the event loop free and lets readers go on beside the writer (WAL). A whole unit of work
is handed over as one function, since each hand-over costs more than a statement: two wake-ups,
and the interpreter's lock by turns. What takes less than that is done at once instead, by the
event loop's own thread: looking a pattern up took half the time so, and single writes came to
half as many again.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from app.errors import StorageUnavailable
from app.storage.index.connections import Connection

T = TypeVar("T")


class Worker:
    """One connection and the thread that uses it.

    A queue and a thread of its own take half the time of an executor to hand work over and
    its result back.
    """

    def __init__(self, connect: Callable[[], Connection], name: str) -> None:
        self._connect = connect
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._do_jobs, name=name, daemon=True)
        self._connection: Connection | None = None
        self._asked = 0
        self._done = 0
        """Two numbers, since each is then changed by one thread alone."""

    async def open(self) -> None:
        """Connect. The driver's errors come through."""
        self._thread.start()
        await self.connect()

    async def connect(self) -> None:
        """Connect, again if it has been disconnected. The driver's errors come through."""
        self._connection = await self._call(self._connect)

    async def disconnect(self) -> None:
        """Finish what was asked for, then disconnect."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await self._call(connection.close)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Have the thread do a piece of work when it has done those before it."""
        if self._connection is None:
            raise StorageUnavailable("The store is not open, or its index is being made anew.")
        return await self._call(partial(work, self._connection))

    def at_hand(self) -> Connection | None:
        """The connection, to be used at once, while the thread has nothing to do with it."""
        return self._connection if self._asked == self._done else None

    def interrupt(self) -> None:
        """Make the statement that runs now fail."""
        if self._connection is not None:
            self._connection.interrupt()

    async def close(self) -> None:
        """Disconnect for good."""
        await self.disconnect()
        self._jobs.put(None)

    async def _call(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._asked += 1
        self._jobs.put(_Job(work, future, loop))
        return await future

    def _do_jobs(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.do()
            del job  # it holds its result, and the next may be long in coming
            self._done += 1


class _Job(NamedTuple):
    """A piece of work, and who waits for it."""

    work: Callable[[], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop

    def do(self) -> None:
        """Do it, unless nobody waits any more, and say how it ended."""
        if self.future.cancelled():
            return
        result, failure = None, None
        try:
            result = self.work()
        except BaseException as error:  # noqa: BLE001 - whoever waits is to have it
            failure = error
        with suppress(RuntimeError):  # the loop has ended, and with it all who waited
            self.loop.call_soon_threadsafe(_tell, self.future, result, failure)


def _tell(future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
    if future.cancelled():
        return
    if failure is None:
        future.set_result(result)
    else:
        future.set_exception(failure)
