"""Learning corrections as they come in, and remembering all that there are."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from app.errors import DamagedStore, StillLoading, StorageUnavailable
from app.learning.corrections.hunks import VERSION
from app.learning.corrections.index import CorrectionIndex
from app.schemas.fields import PatternType
from app.schemas.filters import Filters
from app.schemas.records import StoredDocument
from app.service.lessons import lesson_of, remembered
from app.storage.base import Changes, Storage, Tombstone
from app.storage.learned import LearnedCorrection

T = TypeVar("T")

LOAD_STEP = 500
"""Corrections in one step of a start."""

LOAD_BYTES = 1024 * 1024
"""Bytes of their documents, where these have to be read."""

_log = logging.getLogger(__name__)


class CorrectionLearner:
    """The follower that learns corrections, and remembers them.

    What it learns is kept in the store, so that where the service starts it is only read; what is
    missing there, damaged, or was learned by another version, is learned before it tells any.
    """

    name = "corrections"
    filters = Filters(pattern_types=(PatternType.USER_CORRECTION,))
    deletes = True

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._index = CorrectionIndex()
        self._seqs: dict[str, int] = {}
        self._mutex = threading.Lock()
        self._ready = False
        self._generation = -1

    async def begin(self) -> int:
        self._generation = self._storage.generation
        begun = (await self._storage.summary(now=0)).last_seq
        is_kept = await self._storage.corrections_learned_by() == VERSION
        if not (self._ready and is_kept):
            self._ready = False
            self._index, self._seqs = CorrectionIndex(), {}
            if is_kept:
                await self._load()
        await self._compare()
        self._ready = True
        return begun  # a deletion meanwhile may be of what was read before

    async def take(self, step: Changes) -> None:
        """Learn what is new in a step, keep it, and only then answer by it.

        What cannot be kept is learned again at the next start.
        """
        states = [each for each in step.changes if isinstance(each, StoredDocument)]
        new = [each for each in states if self._seqs.get(each.pattern_id) != each.seq]
        gone = [
            each.pattern_id
            for each in step.changes
            if isinstance(each, Tombstone) and self._seqs.get(each.pattern_id, 0) < each.seq
        ]
        learned = await asyncio.to_thread(_learned_of, new)
        if self._storage.generation != self._generation:  # in which all may be another
            raise StorageUnavailable("What was read is out of date; begin again.")
        if learned:
            try:
                await self._storage.learn_corrections(learned, VERSION)
            except StorageUnavailable:
                _log.exception("what was learned of corrections is not kept")
        if learned or gone:
            await asyncio.to_thread(self._remember, learned, gone)

    def check_ready(self) -> None:
        """Raise StillLoading where it does not yet remember all there are."""
        if not self._ready:
            raise StillLoading

    async def find(self, look: Callable[[CorrectionIndex], T]) -> T:
        """What is found among those remembered, by a thread. Raises StillLoading."""

        def find() -> T:
            with self._mutex:
                self.check_ready()
                return look(self._index)

        return await asyncio.to_thread(find)

    async def _load(self) -> None:
        """Remember all that was learned before, at most half the time; up to what is damaged."""
        after = 0
        while True:
            started = time.monotonic()
            try:
                learned = await self._storage.learned_corrections(after=after, limit=LOAD_STEP)
            except DamagedStore:
                _log.exception("what was learned of corrections is damaged")
                return
            if not learned:
                return
            await asyncio.to_thread(self._remember, learned)
            after = learned[-1].seq
            await asyncio.sleep(time.monotonic() - started)

    async def _compare(self) -> None:
        """Forget all that is gone, and learn all that is not remembered, at most half the time."""
        seqs = await self._storage.correction_seqs()
        there = set(seqs)
        gone = [pattern_id for pattern_id, seq in self._seqs.items() if seq not in there]
        await asyncio.to_thread(self._remember, [], gone)
        known = set(self._seqs.values())
        through = 0
        for seq in seqs:
            if seq > through and seq not in known:
                started = time.monotonic()
                through = await self._learn_from(seq)
                await asyncio.sleep(time.monotonic() - started)

    async def _learn_from(self, seq: int) -> int:
        """Learn a correction and some that follow; up to which number, past one that is damaged."""
        for limit in (LOAD_STEP, 1):
            try:
                step = await self._storage.changes(
                    self.filters,
                    after_seq=seq - 1,
                    limit=limit,
                    max_bytes=LOAD_BYTES,
                    deletes=False,
                    begun_at=0,
                )
            except DamagedStore:
                continue
            await self.take(step)
            return step.through
        _log.warning("correction not learned", extra={"seq": seq, "why": "damaged"})
        return seq

    def _remember(self, learned: Sequence[LearnedCorrection], gone: Sequence[str] = ()) -> None:
        with self._mutex:
            self._forget([*gone, *(each.pattern_id for each in learned)])
            for each in learned:
                with _but_for(each.pattern_id):
                    self._index.add(remembered(each))
                    self._seqs[each.pattern_id] = each.seq

    def _forget(self, pattern_ids: Iterable[str]) -> None:
        for pattern_id in pattern_ids:
            seq = self._seqs.pop(pattern_id, None)
            if seq is not None:
                self._index.remove(seq)


@contextmanager
def _but_for(pattern_id: str) -> Iterator[None]:
    """Go on with the others where one cannot be learned: what is damaged can fail in any way."""
    try:
        yield
    except Exception:  # noqa: BLE001
        _log.exception("correction not learned", extra={"pattern_id": pattern_id})


def _learned_of(states: Sequence[StoredDocument]) -> list[LearnedCorrection]:
    learned = []
    for state in states:
        with _but_for(state.pattern_id):
            learned.append(lesson_of(state))
    return learned
