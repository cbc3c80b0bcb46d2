"""Telling what is committed to those who learn from it, a moment later and off the writers' way.

Each follower has a place of its own in the store's changes, and is given what comes after it in
short steps. The busier the service is otherwise, the longer the feed rests between steps: what is
learned may be a little late, what is reported must not be.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple, Protocol

from app.schemas.filters import Filters
from app.storage.base import Changes, Storage

STEP = 100
"""Changes in one step."""

STEP_BYTES = 1024 * 1024
"""Bytes of their documents, unless it is one."""

PAUSE_SECONDS = 0.2
"""How long after a commit the feed looks, so that it takes many commits at a time."""

REST = 7
"""How many times as long as a step took the feed rests after it, where the service is otherwise
as busy as one core lets it be; the less busy, the shorter."""

LEAST_REST = 0.25
"""How many times as long as a step took the feed rests after it in any case, to see how busy the
service is."""

LONGEST_REST_SECONDS = 0.5
"""After which it goes on in any case: a step may have been slow because the machine was."""

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

        It is asked again after it has failed, and in another `Storage.generation`.
        """
        ...

    async def take(self, step: Changes) -> None:
        """Take in some changes, and all up to `step.through` with them."""
        ...


class Feed:
    """What tells some followers of the changes of a store."""

    def __init__(self, storage: Storage, followers: Sequence[Follower]) -> None:
        self._storage = storage
        self._turn = _Turn()
        self._followers = [_Following(storage, follower, self._turn) for follower in followers]
        self._begun = asyncio.Event()
        self._jobs: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, with a store that is ready."""
        self._jobs = [asyncio.create_task(each.run(), name="feed") for each in self._followers]
        self._begun.set()

    async def stop(self) -> None:
        """Break off; what was taken in was taken in."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    def seconds_behind(self, follower: str) -> float:
        """How long ago a follower, by its name, knew all that was committed; 0 where it does."""
        return next(each.seconds_behind() for each in self._followers if each.name == follower)

    async def caught_up(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until all followers have been told of what is committed now, but no longer."""
        with suppress(TimeoutError), self._turn.hurried():
            async with asyncio.timeout(seconds):
                await self._begun.wait()
                commits = await self._storage.next_commit(-1)
                await asyncio.gather(*[each.reach(commits) for each in self._followers])


class _Following:
    """How far one follower is."""

    def __init__(self, storage: Storage, follower: Follower, turn: "_Turn") -> None:
        self._storage = storage
        self._follower = follower
        self._turn = turn
        self._told = -1
        self._behind_since: float | None = time.monotonic()
        self._progress = asyncio.Event()

    @property
    def name(self) -> str:
        """The follower's name."""
        return self._follower.name

    def seconds_behind(self) -> float:
        """How long the follower has not known all that was committed."""
        return 0.0 if self._behind_since is None else time.monotonic() - self._behind_since

    async def reach(self, commits: int) -> None:
        """Wait until the follower knows what so many commits have brought."""
        while self._told < commits:
            await self._progress.wait()

    async def run(self) -> None:
        """Tell the follower of every change, for ever."""
        frozen = False
        while True:
            try:
                generation = self._storage.generation
                through = await self._follower.begin()
                if not frozen:  # what it has read stays: to look at it again stops everything
                    gc.freeze()
                    frozen = True  # what failed since would stay as well
                await self._follow(through, generation)
            except Exception:  # noqa: BLE001 - it may fail in any way; the service goes on
                _log.exception("not learned", extra={"follower": self._follower.name})
                await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self, through: int, generation: int) -> None:
        while self._storage.generation == generation:
            commits = await self._storage.next_commit(-1)
            through = await self._tell(through)
            self._told = commits
            self._behind_since = None
            self._progress.set()
            self._progress.clear()
            await self._storage.next_commit(commits)
            self._behind_since = time.monotonic()
            await self._turn.pause(PAUSE_SECONDS)

    async def _tell(self, through: int) -> int:
        """Tell all there is after a change; the last one now."""
        while True:
            async with self._turn:
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


class _Turn:
    """Whose step is next: all followers together take no more of the time than one may.

    Whoever has had the turn gives it back after a rest.
    """

    def __init__(self) -> None:
        self._free = asyncio.Lock()
        self._hurry = asyncio.Event()
        self._waiting = 0
        self._begun = self._ended = _Moment.now()

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Without any rest, since somebody waits."""
        self._waiting += 1
        self._hurry.set()
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._hurry.clear()

    async def pause(self, seconds: float) -> None:
        """Wait, unless somebody is in a hurry."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()

    async def __aenter__(self) -> None:
        await self._free.acquire()
        self._begun = _Moment.now()

    async def __aexit__(self, *_: object) -> None:
        rest = max(REST * self._begun.busy_since(self._ended), LEAST_REST)
        self._ended = _Moment.now()
        took = self._ended.time - self._begun.time
        try:
            await self.pause(min(rest * took, LONGEST_REST_SECONDS))
        finally:
            self._free.release()


class _Moment(NamedTuple):
    """When it was, and how much of the processor the process had used, in seconds."""

    time: float
    processor: float

    @classmethod
    def now(cls) -> "_Moment":
        return cls(time.monotonic(), time.process_time())

    def busy_since(self, before: "_Moment") -> float:
        """Which part of one core the process took, at most 1."""
        passed = self.time - before.time
        return min((self.processor - before.processor) / passed, 1.0) if passed else 1.0
