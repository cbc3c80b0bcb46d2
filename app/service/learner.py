"""Learning errors as they come in: what each is, and what it tells of a way out."""

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.errors import StorageUnavailable
from app.learning.fingerprint import VERSION
from app.learning.resolutions import resolution_hash
from app.schemas.fields import PatternType
from app.schemas.filters import Filters
from app.schemas.records import StoredDocument
from app.service.analyses import Analyses, Analysis, fingerprint_only
from app.service.bequest import bequeath
from app.storage.base import Changes, Storage
from app.storage.learned import LearnedError, Learning, VariantName

LOAD_STEP = 250
"""Variants read in one step when an index is filled."""

_log = logging.getLogger(__name__)


class Exemplar(NamedTuple):
    """A variant, and what of it is compared with other errors."""

    name: VariantName
    fingerprint: str
    features: bytes


class ErrorIndex(Protocol):
    """What finds similar errors; it holds an exemplar of each variant that occurs.

    It is told from a thread, one thing at a time.
    """

    def put(self, exemplars: Sequence[Exemplar]) -> None:
        """Add exemplars, or replace those there are."""
        ...

    def remove(self, names: Sequence[VariantName]) -> None:
        """Forget exemplars; some may not be there."""
        ...


class NoIndex:
    """Finds nothing."""

    def put(self, exemplars: Sequence[Exemplar]) -> None:
        """Ignore them."""

    def remove(self, names: Sequence[VariantName]) -> None:
        """Nothing is there."""


class Learner:
    """The follower that learns errors.

    `ready` is set once the index holds what was learned before. `version` is that of the
    analysis: where the store was learned by another, it is learned anew.
    """

    name = "errors"
    filters = Filters(pattern_types=(PatternType.ERROR_OCCURRENCE,))
    deletes = False

    def __init__(
        self,
        storage: Storage,
        index: ErrorIndex | None = None,
        *,
        analysis: Analysis = fingerprint_only,
        version: int = VERSION,
    ) -> None:
        self._storage = storage
        self._index = index or NoIndex()
        self._analyses = Analyses(analysis)
        self._version = version
        self.ready = asyncio.Event()

    async def begin(self) -> int:
        if not self.ready.is_set():
            await self._load()
            self.ready.set()
        learning = await self._storage.learning()
        if learning is not None and learning.version == self._version:
            return learning.through
        if learning is not None:
            await bequeath(self._storage, self._analyse, self._version)
        await self._storage.learn([], Learning(0, self._version))
        return 0

    async def take(self, step: Changes) -> None:
        lessons = await asyncio.to_thread(self._lessons, step)
        if await self._storage.learning() is None:  # it would count as learned up to this step
            raise StorageUnavailable("What was learned is gone with its index; begin again.")
        gone = await self._storage.learn(
            [lesson.learned for lesson in lessons], Learning(step.through, self._version)
        )
        if lessons or gone:
            await asyncio.to_thread(self._tell, lessons, gone)

    async def _load(self) -> None:
        """Give the index what is known already."""
        after = 0
        while found := await self._storage.variants(after=after, limit=LOAD_STEP):
            exemplars = [Exemplar(each.name, each.fingerprint, each.features) for each in found]
            await asyncio.to_thread(self._index.put, exemplars)
            after = found[-1].number

    def _analyse(self, step: Changes) -> list[LearnedError]:
        return [lesson.learned for lesson in self._lessons(step)]

    def _lessons(self, step: Changes) -> list["_Lesson"]:
        lessons = []
        for pattern in step.changes:
            assert isinstance(pattern, StoredDocument), "it does not ask for deletions"
            try:
                lessons.append(self._lesson(pattern))
            except Exception:  # noqa: BLE001 - one that cannot be learned must not keep the others
                _log.exception("error not learned", extra={"pattern_id": pattern.pattern_id})
        return lessons

    def _lesson(self, pattern: StoredDocument) -> "_Lesson":
        content = pattern.content()
        data, project_name = content["data"], content["context"].get("project_name", "")
        analysed = self._analyses.of(
            data["error_type"], data["error_message"], data.get("stack_trace"), project_name
        )
        learned = LearnedError(
            pattern.seq,
            analysed.variant,
            analysed.fingerprint,
            self._version,
            analysed.title,
            analysed.parts,
            analysed.features,
            resolution_hash(data.get("resolution") or ""),
            data.get("auto_resolved", False),
        )
        return _Lesson(project_name, learned)

    def _tell(self, lessons: Sequence["_Lesson"], gone: Sequence[VariantName]) -> None:
        self._index.remove(gone)
        self._index.put([lesson.exemplar() for lesson in lessons])


class _Lesson(NamedTuple):
    """What was learned, of which project."""

    project_name: str
    learned: LearnedError

    def exemplar(self) -> Exemplar:
        name = VariantName(self.project_name, self.learned.variant)
        return Exemplar(name, self.learned.fingerprint, self.learned.features)
