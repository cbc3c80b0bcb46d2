"""The contract's second half, answered by the database."""

from abc import ABC
from collections.abc import Collection, Mapping, Sequence
from functools import partial

from app.schemas.filters import Filters
from app.storage.index import corrections, groups, journal, learning
from app.storage.index.readers import Readers
from app.storage.index.resolutions import resolutions
from app.storage.index.writer import Writer
from app.storage.learned import (
    Decision,
    GroupOrder,
    GroupPage,
    GroupPosition,
    GroupStatus,
    LearnedCorrection,
    LearnedError,
    LearnedStorage,
    Learning,
    Membership,
    Origin,
    Proposal,
    Resolution,
    Variant,
    VariantName,
)


class IndexedLearning(LearnedStorage, ABC):
    """What a storage with such a database knows of decisions and of learning."""

    _readers: Readers
    _writer: Writer
    _query_seconds: float | None

    async def decide(self, proposal: Proposal, at: int) -> tuple[Decision, bool]:
        return await self._writer.change(lambda transaction: transaction.decide(proposal, at))

    async def decision(self, number: int, filters: Filters) -> Decision | None:
        return await self._readers.run(partial(journal.read_one, number=number, filters=filters))

    async def decisions(
        self,
        filters: Filters,
        *,
        after: int,
        limit: int,
        kinds: Collection[str] = (),
        newest_first: bool = False,
    ) -> list[Decision]:
        return await self._readers.run(
            partial(
                journal.read,
                filters=filters,
                after=after,
                limit=limit,
                kinds=kinds,
                newest_first=newest_first,
            )
        )

    async def undone(self) -> Mapping[int, int]:
        return await self._readers.run(journal.undone)

    async def restore_decisions(self, decisions: Sequence[Decision]) -> None:
        await self._writer.change(lambda transaction: transaction.restore_decisions(decisions))

    async def learning(self) -> Learning | None:
        return await self._readers.run(learning.learning)

    async def learn(self, errors: Sequence[LearnedError], progress: Learning) -> list[VariantName]:
        return await self._writer.change(
            lambda transaction: learning.learn(transaction.connection, errors, progress)
        )

    async def variants(self, *, after: int, limit: int) -> list[Variant]:
        return await self._readers.run(partial(learning.variants, after=after, limit=limit))

    async def find_variants(
        self, names: Collection[VariantName], filters: Filters
    ) -> list[Variant]:
        return await self._readers.run(
            partial(learning.find_variants, names=names, filters=filters)
        )

    async def origins(self, seqs: Collection[int]) -> dict[int, Origin]:
        return await self._readers.run(partial(learning.origins, seqs=seqs))

    async def corrections_learned_by(self) -> int | None:
        return await self._readers.run(corrections.learned_by)

    async def learn_corrections(self, learned: Sequence[LearnedCorrection], version: int) -> None:
        await self._writer.change(
            lambda transaction: corrections.learn(transaction.connection, learned, version)
        )

    async def learned_corrections(self, *, after: int, limit: int) -> list[LearnedCorrection]:
        return await self._readers.run(partial(corrections.learned, after=after, limit=limit))

    async def correction_seqs(self) -> Sequence[int]:
        return await self._readers.run(corrections.seqs)

    async def groups(
        self,
        filters: Filters,
        *,
        order: GroupOrder,
        limit: int,
        status: GroupStatus | None = None,
        after: GroupPosition | None = None,
    ) -> GroupPage:
        return await self._readers.run(
            partial(
                groups.groups,
                filters=filters,
                order=order,
                limit=limit,
                status=status,
                after=after,
            ),
            self._query_seconds,
        )

    async def current_group(self, group_id: str, filters: Filters) -> str:
        return await self._readers.run(
            partial(groups.current_group, group_id=group_id, filters=filters)
        )

    async def group_variants(self, group_id: str, filters: Filters) -> list[Variant]:
        return await self._readers.run(
            partial(learning.group_variants, group_id=group_id, filters=filters)
        )

    async def memberships(
        self, pattern_ids: Collection[str], filters: Filters
    ) -> dict[str, Membership]:
        return await self._readers.run(
            partial(groups.memberships, pattern_ids=pattern_ids, filters=filters)
        )

    async def resolutions(self, group_ids: Collection[str], filters: Filters) -> list[Resolution]:
        return await self._readers.run(
            partial(resolutions, group_ids=group_ids, filters=filters), self._query_seconds
        )
