"""Corrections of users: learned as they come in, and told to whoever is about to need them."""

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from app.errors import DamagedStore, StillLoading, StorageUnavailable
from app.learning.corrections.differences import Change, changes_of
from app.learning.corrections.hunks import VERSION
from app.learning.corrections.index import LEAST_SCORE, Correction, CorrectionIndex, Repeated
from app.schemas.fields import PatternType
from app.schemas.filters import Filters
from app.schemas.records import StoredDocument
from app.service.lessons import lesson_of, remembered
from app.service.patterns import PAGE_BYTES, PatternService
from app.storage.base import Changes, Storage, Tombstone
from app.storage.learned import LearnedCorrection

_log = logging.getLogger(__name__)

LOAD_STEP = 500
"""Corrections in one step of a start."""

LOAD_BYTES = 1024 * 1024
"""Bytes of their documents, where these have to be read."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A correction that an output seems to need again, and what was changed then."""

    repeated: Repeated
    change: Change
    pattern: StoredDocument


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A change that was asked for more than once, and the latest that asked for it."""

    corrections: Sequence[Correction]
    change: Change
    pattern: StoredDocument

    def agents(self) -> Counter[str]:
        return Counter(each.agent for each in self.corrections)

    def types(self) -> Counter[str]:
        return Counter(each.correction_type for each in self.corrections)

    def categories(self) -> Counter[str]:
        return Counter(each.category for each in self.corrections if each.category is not None)


class Corrections:
    """The follower that learns corrections, and answers from what it has learned.

    That is kept in the store, so that where the service starts it is only read; what is missing
    there, damaged, or was learned by another version, is learned before any question is answered.
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

    async def begin(self) -> int:
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
        await self._learn(step)

    async def search(
        self,
        service: PatternService,
        output: str,
        *,
        agent: str | None,
        task_type: str | None,
        limit: int,
        least: float | None,
    ) -> list[Advice]:
        """What was corrected in outputs like this one, as far as a service may see it.

        The likeliest first. Raises StillLoading.
        """
        self._check_ready()

        def find() -> list[Repeated]:
            with self._mutex:
                return self._index.search(
                    output,
                    agent=agent,
                    task_type=task_type,
                    projects=service.project_names,
                    limit=limit,
                    least=LEAST_SCORE if least is None else least,
                )

        found = await asyncio.to_thread(find)
        patterns = await _read(service.storage, [each.correction for each in found])
        return await asyncio.to_thread(
            lambda: [
                Advice(each, change, pattern)
                for each in found
                if (pattern := patterns.get(each.correction.seq)) is not None
                if (change := _change(pattern, each.key)) is not None
            ]
        )

    async def recurring(
        self, service: PatternService, filters: Filters, *, least: int, limit: int
    ) -> tuple[list[Recurrence], int]:
        """What was asked at least so often by those that match: the most first, and how many more.

        Raises StillLoading and QueryTooExpensive.
        """
        self._check_ready()
        types = filters.pattern_types
        if types and PatternType.USER_CORRECTION not in types:
            return [], 0
        corrections_only = replace(filters, pattern_types=(PatternType.USER_CORRECTION,))
        seqs = await service.storage.matching(corrections_only)

        def find() -> list[tuple[int, list[Correction]]]:
            with self._mutex:
                return self._index.recurring(seqs, least)

        found = await asyncio.to_thread(find)
        patterns = await _read(service.storage, [same[-1] for _, same in found[:limit]])
        told = [
            Recurrence(same, change, pattern)
            for key, same in found[:limit]
            if (pattern := patterns.get(same[-1].seq)) is not None
            if (change := _change(pattern, key)) is not None
        ]
        return told, len(found) - len(told)

    def _check_ready(self) -> None:
        if not self._ready:
            raise StillLoading

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
            await self._learn(step)
            return step.through
        _log.warning("correction not learned", extra={"seq": seq, "why": "damaged"})
        return seq

    async def _learn(self, step: Changes) -> None:
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
        if learned:
            try:
                await self._storage.learn_corrections(learned, VERSION)
            except StorageUnavailable:
                _log.exception("what was learned of corrections is not kept")
        if learned or gone:
            await asyncio.to_thread(self._remember, learned, gone)

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


async def _read(storage: Storage, corrections: Sequence[Correction]) -> dict[int, StoredDocument]:
    """Their patterns as they are now, by the `seq` known: the first, as many as a page holds."""
    found: dict[int, StoredDocument] = {}
    size = 0
    for correction in corrections:
        pattern = await storage.get(correction.pattern_id)
        if pattern is not None and pattern.pattern_type == PatternType.USER_CORRECTION:
            size += len(pattern.json)
            if found and size > PAGE_BYTES:
                break
            found[correction.seq] = pattern
    return found


def _change(pattern: StoredDocument, key: int) -> Change | None:
    """The change with a key, None where the pattern has been changed and asks for it no more."""
    data = pattern.content()["data"]
    changes = changes_of(data["original_output"], data["corrected_output"])
    return next((change for change in changes if change.key == key), None)
