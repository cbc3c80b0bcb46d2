"""Moving the write-ahead log into the database, beside the writer.

SQLite by itself does it within the commit that makes the log longer than 1,000 pages: that
commit waits, and a page that goes on changing is written again each time. Here a connection of
its own does it, a second after the first commit since the last time. What is committed meanwhile
is the smaller the less there was to do, and is moved at last between two commits: only when all
of it is in the database does the log begin anew.
"""

import asyncio
from collections.abc import Callable
from contextlib import closing, suppress

from app.errors import StorageUnavailable
from app.storage.index.connections import Connection
from app.storage.index.failures import DRIVER_ERRORS
from app.storage.index.writer import Writer

_PAUSE_SECONDS = 1.0

_FEW_PAGES = 500
"""So little is left to be moved while writers wait: some milliseconds' work."""

_MOST_ROUNDS = 5
"""Rounds beside writers, should they be so quick that ever more is left."""


class Checkpoints:
    """The checkpoints of one store, as long as it is open."""

    def __init__(self, connect: Callable[[], Connection], writer: Writer) -> None:
        self._connect = connect
        self._writer = writer
        self._task: asyncio.Task[None] | None = None
        self._moving: asyncio.Future[None] | None = None

    def begin(self) -> None:
        """Have them made from now on."""
        self._task = asyncio.create_task(self._go_on(), name="checkpoints")

    async def close(self) -> None:
        """Finish the one under way, and make no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._moving is not None:
            await asyncio.gather(self._moving, return_exceptions=True)

    async def _go_on(self) -> None:
        seen = 0
        while True:
            await self._writer.next_commit(seen)
            await asyncio.sleep(_PAUSE_SECONDS)
            seen = self._writer.commits
            with suppress(*DRIVER_ERRORS, StorageUnavailable):  # writes fail as well, and tell
                self._moving = asyncio.ensure_future(asyncio.to_thread(self._move))
                await asyncio.shield(self._moving)
                await self._writer.outside(_checkpoint)

    def _move(self) -> None:
        before = 0
        with closing(self._connect()) as connection:
            for _ in range(_MOST_ROUNDS):
                pages = _checkpoint(connection)
                if pages - before < _FEW_PAGES:
                    break
                before = pages


def _checkpoint(connection: Connection) -> int:
    """Move what no reader still needs elsewhere; how many pages of the log are moved so far."""
    _, _, pages = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(pages)
