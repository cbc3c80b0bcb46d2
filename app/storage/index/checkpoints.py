"""Moving the write-ahead log into the database, beside the writer.

SQLite by itself does it within the commit that makes the log longer than 1,000 pages: that
commit waits, and a page that goes on changing is written again each time. Here a connection of
its own does it, a second after the first commit since the last time. What is committed meanwhile
is the smaller the less there was to do, and is moved at last between two commits: only when all
of it is in the database does the log begin anew.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress

from app.errors import StorageUnavailable
from app.storage.index.connections import Connection, Worker
from app.storage.index.writer import Writer

_PAUSE_SECONDS = 1.0

_FEW_PAGES = 500
"""So little is left to be moved while writers wait: some milliseconds' work."""

_MOST_ROUNDS = 5
"""Rounds beside writers, should they be so quick that ever more is left."""


class Checkpoints:
    """The checkpoints of one store, as long as it is open."""

    def __init__(self, connect: Callable[[], Connection], writer: Writer) -> None:
        self._worker = Worker(connect, "checkpoints")
        self._writer = writer
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect, and begin. The driver's errors come through."""
        await self._worker.open()
        self._task = asyncio.create_task(self._go_on(), name="checkpoints")

    async def close(self) -> None:
        """Finish the one under way, and disconnect."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        await self._worker.close()

    async def _go_on(self) -> None:
        while True:
            await self._writer.committed.wait()
            await asyncio.sleep(_PAUSE_SECONDS)
            self._writer.committed.clear()
            with suppress(sqlite3.Error, StorageUnavailable):  # writes fail as well, and tell
                await self._move()

    async def _move(self) -> None:
        before = 0
        for _ in range(_MOST_ROUNDS):
            pages = await self._worker.run(_checkpoint)
            if pages - before < _FEW_PAGES:
                break
            before = pages
        await self._writer.outside(_checkpoint)


def _checkpoint(connection: Connection) -> int:
    """Move what no reader still needs elsewhere; how many pages of the log are moved so far."""
    _, _, pages = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(pages)
