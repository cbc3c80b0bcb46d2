"""Connections, each with a thread of its own: several that read, one that writes.

SQLite's calls block, and one connection serves one thread at a time; a thread a connection
keeps the event loop free and lets readers go on beside the writer (WAL). A whole unit of work
is handed over as one function, since each hand-over costs more than a statement.
"""

import asyncio
import errno
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, TypeVar

from app.errors import StorageUnavailable
from app.storage.index.documents import Documents

T = TypeVar("T")

_REMEDIES = {
    errno.ENOSPC: " Make room on the disk.",
    errno.EDQUOT: " Make room on the disk, or raise the quota.",
    errno.EFBIG: " Raise the limit on the size of files.",
    errno.EROFS: " Mount the disk so that it can be written.",
    errno.EACCES: " Give it to the user that runs the service (chown), or allow access (chmod).",
    errno.EPERM: " Give it to the user that runs the service (chown), or allow access (chmod).",
    errno.ENOTDIR: " Move the file away that stands where a folder should be.",
}
_SAME_AS = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_PERM: errno.EACCES,
}

_BUSY_SECONDS = 5.0
_WAL_BYTES = 64 * 1024 * 1024


class Connection(sqlite3.Connection):
    """A connection that can read documents, compressed ones too."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.documents = Documents(self)


def connect_writer(path: Path, synchronous: Literal["full", "normal"]) -> Connection:
    """The one connection that changes the database, which it creates where there is none."""
    connection = sqlite3.connect(
        path,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    return _set_up(
        connection,
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        f"journal_size_limit = {_WAL_BYTES}",
        "temp_store = MEMORY",
    )


def connect_reader(path: Path) -> Connection:
    """A connection that cannot change the database."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    return _set_up(connection, "query_only = ON", "temp_store = MEMORY")


def _set_up(connection: Connection, *settings: str) -> Connection:
    try:
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def read_anew(path: Path) -> None:
    """Read over a new connection, which notices what a cache would hide: a file that is gone."""
    with closing(connect_reader(path)) as connection:
        connection.execute("SELECT value FROM meta").fetchall()


def checkpoint(connection: Connection) -> None:
    """Move the write-ahead log into the database and empty it, as far as readers let it.

    It does not wait for them: until they are gone, writers would wait too.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {round(_BUSY_SECONDS * 1000)}")


def translated(error: Exception) -> Exception:
    """The driver's or the file system's error as the contract's; any other as it is."""
    if isinstance(error, sqlite3.Error | OSError):
        return StorageUnavailable(f"The store does not answer: {error}.{_remedy(error)}")
    return error


def _remedy(error: sqlite3.Error | OSError) -> str:
    """What a person can do about it, where that is known."""
    if isinstance(error, OSError):
        return _REMEDIES.get(error.errno or 0, "")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return _REMEDIES.get(_SAME_AS.get(code, 0), "")


class Readiness:
    """Whether the database can be used, or why it cannot yet."""

    def __init__(self) -> None:
        self.objection: str | None = None

    def check(self) -> None:
        """Raise StorageUnavailable while there is an objection."""
        if self.objection is not None:
            raise StorageUnavailable(self.objection)


class Worker:
    """One connection and the thread that uses it."""

    def __init__(self, connect: Callable[[], Connection], name: str) -> None:
        self._connect = connect
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: Connection | None = None

    async def open(self) -> None:
        """Connect. The driver's errors come through."""
        self._connection = await asyncio.wrap_future(self._thread.submit(self._connect))

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Have the thread do a piece of work when it has done those before it."""
        assert self._connection is not None, "open comes first"
        return self._thread.submit(work, self._connection)

    def interrupt(self) -> None:
        """Make the statement that runs now fail."""
        if self._connection is not None:
            self._connection.interrupt()

    async def close(self) -> None:
        """Finish what was submitted, then disconnect."""
        if self._connection is not None:
            await asyncio.wrap_future(self._thread.submit(self._connection.close))
            self._connection = None
        self._thread.shutdown()


class Readers:
    """A pool of reading connections; each piece of work has one to itself."""

    def __init__(
        self, connect: Callable[[], Connection], number: int, readiness: Readiness
    ) -> None:
        self._readiness = readiness
        self._workers = [Worker(connect, f"reader-{index}") for index in range(number)]
        self._free: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()

    async def open(self) -> None:
        """Connect them all."""
        for worker in self._workers:
            await worker.open()
            self._free.put_nowait(worker)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Do a piece of work in one read transaction, so that all of it sees one state.

        Raises StorageUnavailable where the database fails, or is not ready. When the caller
        is cancelled, the statement under way is interrupted.
        """
        self._readiness.check()
        return await self.run_unready(work)

    async def run_unready(self, work: Callable[[Connection], T]) -> T:
        """The same, also while the database is being made ready."""
        worker = await self._free.get()
        job = worker.submit(lambda connection: _in_transaction(connection, work))
        try:
            return await asyncio.wrap_future(job)
        except sqlite3.Error as error:
            raise translated(error) from error
        except asyncio.CancelledError:
            worker.interrupt()
            raise
        finally:
            self._free.put_nowait(worker)

    async def close(self) -> None:
        """Disconnect them all."""
        for worker in self._workers:
            await worker.close()


def _in_transaction(connection: Connection, work: Callable[[Connection], T]) -> T:
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        connection.execute("ROLLBACK")
