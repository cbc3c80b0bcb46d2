"""The connections that read."""

import asyncio
import math
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

from app.errors import DamagedStore, Overloaded, QueryTooExpensive
from app.storage.index.connections import Connection, be_patient, forget_pages, roll_back
from app.storage.index.failures import DRIVER_ERRORS, translated
from app.storage.index.readiness import Readiness
from app.storage.index.worker import Worker

T = TypeVar("T")

_AT_ONCE_SECONDS = 0.001
"""How long a read may keep the event loop from all else; handing it over takes about as long."""

PATIENCE_SECONDS = 0.5
"""How long a search may wait for a reader. Judging a queue by the time spent in it, and not by its
length, is CoDel's idea (RFC 8289): how long a search takes differs a thousandfold."""


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
        be_patient(self._at_hand, 0)  # whoever must wait does so elsewhere

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
