"""What a database needs a second after something is committed, done beside the writer.

The latest ids are merged into the large index of them, a second at a time; see
`app.storage.index.ids`. And the write-ahead log is moved into the database. SQLite by itself
does that within the commit that makes the log longer than 1,000 pages: that commit waits, and a
page that goes on changing is written again each time. Here a connection of its own does it. What
is committed meanwhile is the smaller the less there was to do, and is moved at last between two
commits: only when all of it is in the database does the log begin anew.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial

from app.errors import StorageUnavailable
from app.storage.index import ids
from app.storage.index.connections import Connection
from app.storage.index.failures import DRIVER_ERRORS
from app.storage.index.writer import Writer

_PAUSE_SECONDS = 1.0
_MERGING_SECONDS = 1.0

_FEW_PAGES = 500
"""So little is left to be moved while writers wait: some milliseconds' work."""

_MOST_ROUNDS = 5
"""Rounds beside writers, should they be so quick that ever more is left."""


class Upkeep:
    """The upkeep of one store, as long as it is open.

    What fails is left for the next time: writes fail as well, and tell.
    """

    def __init__(self, connect: Callable[[], Connection], writer: Writer) -> None:
        self._connect = connect
        self._writer = writer
        self._task: asyncio.Task[None] | None = None
        self._moving: asyncio.Future[None] | None = None
        self._merged_to = ""

    def begin(self) -> None:
        """Do it from now on."""
        self._task = asyncio.create_task(self._go_on(), name="upkeep")

    async def close(self) -> None:
        """Finish what is under way, and do no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._moving is not None:
            await asyncio.gather(self._moving, return_exceptions=True)

    async def _go_on(self) -> None:
        seen, more = 0, False
        while True:
            if not more:
                await self._writer.next_commit(seen)
            await asyncio.sleep(_PAUSE_SECONDS)
            seen = self._writer.commits
            with suppress(*DRIVER_ERRORS, StorageUnavailable):
                more = await self._merge_ids()
            with suppress(*DRIVER_ERRORS, StorageUnavailable):
                self._moving = asyncio.ensure_future(asyncio.to_thread(self._move_log))
                await asyncio.shield(self._moving)
                await self._writer.outside(_checkpoint)

    async def _merge_ids(self) -> bool:
        """Whether there is more to be merged."""
        deadline = time.monotonic() + _MERGING_SECONDS
        while time.monotonic() < deadline:
            last = await self._writer.outside(partial(ids.merge, after=self._merged_to))
            if last is None:
                return False
            self._merged_to = last
        return True

    def _move_log(self) -> None:
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
