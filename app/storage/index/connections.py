"""Connections, each with a thread of its own: several that read, one that writes.

SQLite's calls block, and one connection serves one thread at a time; a thread a connection
keeps the event loop free and lets readers go on beside the writer (WAL). A whole unit of work
is handed over as one function, since each hand-over costs more than a statement: two wake-ups,
and the interpreter's lock by turns. What takes less than that is done at once instead, by the
event loop's own thread: looking a pattern up took half the time so, and single writes came to
half as many again.
"""

import asyncio
import math
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Literal, NamedTuple, TypeVar

from app.errors import (
    DamagedStore,
    Overloaded,
    QueryTooExpensive,
    StorageUnavailable,
    StoreNotOpened,
)
from app.storage.index.documents import Documents
from app.storage.index.failures import DRIVER_ERRORS, translated
from app.storage.index.schema import known_version

T = TypeVar("T")

_BUSY_SECONDS = 5.0
_WAL_BYTES = 64 * 1024 * 1024
_PAGE_BYTES = 4096
_WRITER_CACHE_KIB = 16 * 1024
"""SQLite's 2 MB are less than a thousand patterns change among a million: pages that one
transaction needs twice would be read and written twice."""


_AT_ONCE_SECONDS = 0.001
"""How long a read may keep the event loop from all else; handing it over takes about as long."""

PATIENCE_SECONDS = 0.5
"""How long a search may wait for a reader. Judging a queue by the time spent in it, and not by its
length, is CoDel's idea (RFC 8289): how long a search takes differs a thousandfold."""

_STEPS = 10_000
"""How many of its machine's instructions SQLite does between two looks at the clock: about half
a millisecond's worth, so that looking costs nothing to speak of."""


class Connection(sqlite3.Connection):
    """A connection that can read documents, compressed ones too.

    A statement that still runs at the `deadline`, in the seconds of `time.monotonic`, fails.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.documents = Documents(self)
        self.deadline = math.inf

    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() > self.deadline


def connect_writer(
    path: Path, synchronous: Literal["full", "normal"], opened: Callable[[], None] = lambda: None
) -> Connection:
    """The one connection that changes the database, which it creates where there is none.

    `opened` is called when SQLite has taken up a log that was left, and nothing is written yet.
    """
    connection = sqlite3.connect(
        path,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    return _set_up(
        connection,
        opened,
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        f"journal_size_limit = {_WAL_BYTES}",
        f"cache_size = -{_WRITER_CACHE_KIB}",
        f"wal_autocheckpoint = {_WAL_BYTES // _PAGE_BYTES}",  # Checkpoints come long before
        "temp_store = MEMORY",
    )


def connect_reader(path: Path, *, damaged: bool = False) -> Connection:
    """A connection that cannot change the database; of a `damaged` one it reads what it can."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    connection.set_progress_handler(connection.is_late, _STEPS)
    if damaged:  # SQLite then takes also a file whose end is missing
        connection.execute("PRAGMA writable_schema = ON")
    return _set_up(connection, lambda: None, "query_only = ON", "temp_store = MEMORY")


def _set_up(connection: Connection, opened: Callable[[], None], *settings: str) -> Connection:
    try:
        known_version(connection)  # first, since settings can change even a foreign file
        opened()
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")
    except (*DRIVER_ERRORS, StoreNotOpened):
        connection.close()
        raise
    return connection


def read_anew(path: Path) -> None:
    """Read over a new connection, which notices what a cache would hide: a file that is gone."""
    with closing(connect_reader(path)) as connection:
        connection.execute("SELECT value FROM meta").fetchall()


@contextmanager
def waiting_for_no_one(connection: Connection) -> Iterator[None]:
    """Within it, what another connection holds up fails at once."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(_BUSY_SECONDS * 1000)}")


def checkpoint(connection: Connection) -> bool:
    """Move the write-ahead log into the database and empty it; whether others let it.

    It does not wait for them: until they are gone, writers would wait too.
    """
    with waiting_for_no_one(connection):
        busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


class Readiness:
    """Whether the database can be used, or why it cannot yet; whether a read has found damage."""

    def __init__(self) -> None:
        self.objection: str | None = None
        self.damaged = False

    def check(self) -> None:
        """Raise StorageUnavailable while there is an objection."""
        if self.objection is not None:
            raise StorageUnavailable(self.objection)


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


class Readers:
    """Reading connections: a pool, each of whose threads does one piece of work, and one at hand.

    The one at hand is used by the event loop's own thread.
    """

    def __init__(
        self, connect: Callable[[], Connection], number: int, readiness: Readiness
    ) -> None:
        self._readiness = readiness
        self._workers = [Worker(connect, f"reader-{index}") for index in range(number)]
        self._free: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        self._connect = connect
        self._at_hand: Connection | None = None

    async def open(self) -> None:
        """Connect them all."""
        for worker in self._workers:
            await worker.open()
            self._free.put_nowait(worker)
        self._take_at_hand()

    def _take_at_hand(self) -> None:
        self._at_hand = self._connect()
        self._at_hand.execute("PRAGMA busy_timeout = 0")  # whoever must wait does so elsewhere

    def _let_go_at_hand(self) -> None:
        if self._at_hand is not None:
            self._at_hand.close()
            self._at_hand = None

    async def run(self, work: Callable[[Connection], T], seconds: float | None = None) -> T:
        """Do a piece of work in one read transaction, so that all of it sees one state.

        Raises StorageUnavailable where the database fails, or is not ready; with `seconds` also
        QueryTooExpensive where it takes longer, and Overloaded where it cannot begin soon. When
        the caller is cancelled, the statement under way is interrupted.
        """
        self._readiness.check()
        return await self.run_unready(work, seconds)

    async def run_at_once(self, work: Callable[[Connection], T], seconds: float | None = None) -> T:
        """The same for what most often takes less than handing it to a thread and back.

        It is tried here and now, and handed over only where it takes longer or fails.
        """
        self._readiness.check()
        if self._at_hand is not None:
            short = _AT_ONCE_SECONDS if seconds is None else min(seconds, _AT_ONCE_SECONDS)
            with suppress(*DRIVER_ERRORS, DamagedStore, QueryTooExpensive):
                return _in_transaction(work, short, self._at_hand)
        return await self.run_unready(work, seconds)

    async def run_unready(self, work: Callable[[Connection], T], seconds: float | None = None) -> T:
        """The same, also while the database is being made ready."""
        worker = await self._free_worker(None if seconds is None else PATIENCE_SECONDS)
        try:
            return await worker.run(partial(_in_transaction, work, seconds))
        except (*DRIVER_ERRORS, DamagedStore) as error:
            raise self.noted(translated(error)) from error
        except asyncio.CancelledError:
            worker.interrupt()
            raise
        finally:
            self._free.put_nowait(worker)

    def noted(self, error: T) -> T:
        """An error that a read has come to; damage is remembered."""
        self._readiness.damaged |= isinstance(error, DamagedStore)
        return error

    @asynccontextmanager
    async def disconnected(self) -> AsyncIterator[None]:
        """A time in which none of them is connected; it begins when all have done their work."""
        workers = [await self._free.get() for _ in self._workers]
        try:
            self._let_go_at_hand()
            for worker in workers:
                await worker.disconnect()
            yield
            for worker in workers:
                await worker.connect()
            self._take_at_hand()
        finally:
            for worker in workers:
                self._free.put_nowait(worker)

    async def close(self) -> None:
        """Disconnect them all."""
        self._let_go_at_hand()
        for worker in self._workers:
            await worker.close()

    async def _free_worker(self, patience: float | None) -> Worker:
        try:
            async with asyncio.timeout(patience):
                return await self._free.get()
        except TimeoutError:
            raise Overloaded("Other searches keep all readers busy; try again.") from None


def _in_transaction(
    work: Callable[[Connection], T], seconds: float | None, connection: Connection
) -> T:
    connection.execute("BEGIN")
    if seconds is not None:
        connection.deadline = time.monotonic() + seconds
    try:
        return work(connection)
    except (*DRIVER_ERRORS, DamagedStore) as error:
        code = getattr(error, "sqlite_errorcode", None)
        if seconds is not None and code == sqlite3.SQLITE_INTERRUPT:
            raise QueryTooExpensive(seconds) from None
        forget_pages(connection)
        raise
    finally:
        connection.deadline = math.inf
        roll_back(connection)


def roll_back(connection: Connection) -> None:
    """Undo what was not committed; a failure may have done it already."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def forget_pages(connection: Connection) -> None:
    """After a failure, have all be read from the disk again, which may have given back nonsense."""
    connection.execute("PRAGMA shrink_memory")
