"""Corrections of users, told to whoever is about to need them."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.learning.corrections.differences import Change, changes_of
from app.learning.corrections.index import LEAST_SCORE, Correction, Repeated
from app.schemas.fields import PatternType
from app.schemas.filters import Filters
from app.schemas.records import StoredDocument
from app.service.correction_learner import CorrectionLearner
from app.service.patterns import PAGE_BYTES, PatternService
from app.storage.base import Storage


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
    """Answers from what was learned of corrections."""

    def __init__(self, learner: CorrectionLearner) -> None:
        self._learner = learner

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
        found = await self._learner.find(
            lambda index: index.search(
                output,
                agent=agent,
                task_type=task_type,
                projects=service.project_names,
                limit=limit,
                least=LEAST_SCORE if least is None else least,
            )
        )
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
        self._learner.check_ready()
        types = filters.pattern_types
        if types and PatternType.USER_CORRECTION not in types:
            return [], 0
        corrections_only = replace(filters, pattern_types=(PatternType.USER_CORRECTION,))
        seqs = await service.storage.matching(corrections_only)
        found = await self._learner.find(lambda index: index.recurring(seqs, least))
        patterns = await _read(service.storage, [same[-1] for _, same in found[:limit]])
        told = [
            Recurrence(same, change, pattern)
            for key, same in found[:limit]
            if (pattern := patterns.get(same[-1].seq)) is not None
            if (change := _change(pattern, key)) is not None
        ]
        return told, len(found) - len(told)


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
