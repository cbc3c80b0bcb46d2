"""Telling what is committed to those who learn from it, a moment later and off the writers' way.

Each follower has a place of its own in the store's changes, and is given what comes after it in
short steps. While others write, the feed rests between steps for several times as long as they
take: what is learned may be a little late, what is reported must not be.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from app.schemas.filters import Filters
from app.storage.base import Changes, Storage

STEP = 100
"""Changes in one step."""

STEP_BYTES = 1024 * 1024
"""Bytes of their documents, unless it is one."""

PAUSE_SECONDS = 0.2
"""How long after a commit the feed looks, so that it takes many commits at a time."""

REST = 7
"""How many times as long as a step took the feed rests after it, while others write."""

PATIENCE_SECONDS = 5.0
"""How long somebody who needs all that was learned waits for it."""

_RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Follower(Protocol):
    """Somebody who is told of the changes that pass some filters.

    With `deletes` of all deletions too. It need not be told anything twice, but may be.
    """

    name: str
    filters: Filters
    deletes: bool

    async def begin(self) -> int:
        """Make ready; the `seq` after which it is to be told of changes.

        It is asked again after it has failed.
        """
        ...

    async def take(self, step: Changes) -> None:
        """Take in some changes, and all up to `step.through` with them."""
        ...


class Feed:
    """What tells some followers of the changes of a store."""

    def __init__(self, storage: Storage, followers: Sequence[Follower]) -> None:
        self._storage = storage
        turn = asyncio.Lock()  # all together take no more of the time than one
        self._followers = [_Following(storage, follower, turn) for follower in followers]
        self._jobs: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, with a store that is ready."""
        self._jobs = [asyncio.create_task(each.run(), name="feed") for each in self._followers]

    async def stop(self) -> None:
        """Break off; what was taken in was taken in."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    @property
    def has_begun(self) -> bool:
        """Whether followers are being told."""
        return bool(self._jobs)

    async def caught_up(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until all followers have been told of what is committed now, but no longer.

        At once where the feed has not begun.
        """
        if not self._jobs:
            return
        commits = await self._storage.next_commit(-1)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*[each.reach(commits) for each in self._followers])


class _Following:
    """How far one follower is."""

    def __init__(self, storage: Storage, follower: Follower, turn: asyncio.Lock) -> None:
        self._turn = turn
        self._storage = storage
        self._follower = follower
        self._told = -1
        self._progress = asyncio.Event()
        self._awaited = asyncio.Event()

    async def reach(self, commits: int) -> None:
        """Wait until the follower knows what so many commits have brought."""
        while self._told < commits:
            self._awaited.set()
            await self._progress.wait()

    async def run(self) -> None:
        """Tell the follower of every change, for ever."""
        while True:
            try:
                await self._follow(await self._follower.begin())
            except Exception:  # noqa: BLE001 - it may fail in any way; the service goes on
                _log.exception("not learned", extra={"follower": self._follower.name})
                await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self, through: int) -> None:
        while True:
            commits = await self._storage.next_commit(-1)
            through = await self._tell(through)
            self._told = commits
            self._progress.set()
            self._progress.clear()
            await self._storage.next_commit(commits)
            await self._pause()

    async def _tell(self, through: int) -> int:
        """Tell all there is after a change; the last one now."""
        while True:
            async with self._turn:
                started, commits = time.monotonic(), await self._storage.next_commit(-1)
                step = await self._storage.changes(
                    self._follower.filters,
                    after_seq=through,
                    limit=STEP,
                    max_bytes=STEP_BYTES,
                    deletes=self._follower.deletes,
                    begun_at=0,
                )
                if step.through == through:
                    return through
                await self._follower.take(step)
                through = step.through
                spent = time.monotonic() - started
                if await self._storage.next_commit(-1) > commits + 1:  # one may be its own
                    await asyncio.sleep(REST * spent)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PAUSE_SECONDS):
                await self._awaited.wait()
        self._awaited.clear()
