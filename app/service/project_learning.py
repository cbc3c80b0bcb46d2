"""What was decided and learned of some projects, as if they were all there is."""

from abc import ABC
from collections.abc import Collection, Mapping, Sequence
from typing import NoReturn

from app.errors import InsufficientScope
from app.schemas.filters import Filters
from app.service.projects import Projects
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


class ProjectLearning(LearnedStorage, ABC):
    """The contract's second half, for callers who may see some projects alone."""

    _storage: LearnedStorage
    _projects: Projects

    async def decide(self, proposal: Proposal, at: int) -> tuple[Decision, bool]:
        return await self._storage.decide(self._projects.bind(proposal), at)

    async def decision(self, number: int, filters: Filters) -> Decision | None:
        return await self._storage.decision(number, self._projects.restrict(filters))

    async def decisions(
        self,
        filters: Filters,
        *,
        after: int,
        limit: int,
        kinds: Collection[str] = (),
        newest_first: bool = False,
    ) -> list[Decision]:
        return await self._storage.decisions(
            self._projects.restrict(filters),
            after=after,
            limit=limit,
            kinds=kinds,
            newest_first=newest_first,
        )

    async def undone(self) -> Mapping[int, int]:
        return await self._storage.undone()  # numbers, which mean nothing without the decisions

    async def find_variants(
        self, names: Collection[VariantName], filters: Filters
    ) -> list[Variant]:
        return await self._storage.find_variants(names, self._projects.restrict(filters))

    async def groups(
        self,
        filters: Filters,
        *,
        order: GroupOrder,
        limit: int,
        status: GroupStatus | None = None,
        after: GroupPosition | None = None,
    ) -> GroupPage:
        return await self._storage.groups(
            self._projects.restrict(filters), order=order, limit=limit, status=status, after=after
        )

    async def current_group(self, group_id: str, filters: Filters) -> str:
        return await self._storage.current_group(group_id, self._projects.restrict(filters))

    async def group_variants(self, group_id: str, filters: Filters) -> list[Variant]:
        return await self._storage.group_variants(group_id, self._projects.restrict(filters))

    async def memberships(
        self, pattern_ids: Collection[str], filters: Filters
    ) -> dict[str, Membership]:
        return await self._storage.memberships(pattern_ids, self._projects.restrict(filters))

    async def resolutions(self, group_ids: Collection[str], filters: Filters) -> list[Resolution]:
        return await self._storage.resolutions(group_ids, self._projects.restrict(filters))

    # What concerns the whole store is for callers who are bound to no project.

    async def restore_decisions(self, decisions: Sequence[Decision]) -> None:
        refuse()

    async def learning(self) -> Learning | None:
        refuse()

    async def learn(self, errors: Sequence[LearnedError], progress: Learning) -> list[VariantName]:
        refuse()

    async def origins(self, seqs: Collection[int]) -> dict[int, Origin]:
        refuse()

    async def variants(self, *, after: int, limit: int) -> list[Variant]:
        refuse()

    async def corrections_learned_by(self) -> int | None:
        refuse()

    async def learn_corrections(
        self, corrections: Sequence[LearnedCorrection], version: int
    ) -> None:
        refuse()

    async def learned_corrections(self, *, after: int, limit: int) -> list[LearnedCorrection]:
        refuse()

    async def correction_seqs(self) -> Sequence[int]:
        refuse()


def refuse() -> NoReturn:
    """Raise InsufficientScope."""
    raise InsufficientScope("This concerns the whole store; it takes a key bound to no project.")
