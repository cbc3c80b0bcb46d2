"""Some projects of a store, as if they were all there is: for callers who may see no others."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from app.errors import FieldError, ForbiddenProject, InsufficientScope, InvalidPattern
from app.schemas.filters import Filters, Order, Position
from app.schemas.records import Record, StoredDocument
from app.storage.base import (
    AgentFigures,
    Change,
    Changes,
    Count,
    Expiry,
    Finding,
    Insertion,
    Outcome,
    Page,
    Storage,
    Summary,
    Tally,
)
from app.storage.learned import (
    Decision,
    GroupOrder,
    GroupPage,
    GroupPosition,
    GroupStatus,
    LearnedError,
    Learning,
    Membership,
    Origin,
    Proposal,
    Resolution,
    Variant,
    VariantName,
)


@dataclass(frozen=True, slots=True)
class Projects:
    """The names of the projects that a caller may see and write, at least one."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        assert self.names, "no name would restrict nothing"

    def claim(self, pattern: dict[str, Any]) -> dict[str, Any]:
        """A checked pattern that is of one of the projects; of a single one it need not say so.

        Raises ForbiddenProject, and InvalidPattern where it could be of several.
        """
        context = pattern.get("context", {})
        if "project_name" in context:
            if context["project_name"] in self.names:
                return pattern
            raise ForbiddenProject(f"The key is for {self}, and writes nowhere else.")
        if len(self.names) > 1:
            detail = f"Required, since the key is for several projects: {self}."
            raise InvalidPattern(
                [FieldError("pointer", "/context/project_name", "required", detail)]
            )
        return pattern | {"context": context | {"project_name": self.names[0]}}

    def restrict(self, filters: Filters) -> Filters:
        """The same filters, for these projects alone."""
        if filters.project_name in self.names:
            return filters
        if filters.project_name is None and len(self.names) == 1:
            return replace(filters, project_name=self.names[0])
        return replace(filters, projects=self.names)

    def bind(self, proposal: Proposal) -> Proposal:
        """The same decision, reaching no other projects; its key is not one of theirs."""
        reached = tuple(name for name in proposal.projects if name in self.names) or self.names
        key = None if proposal.key is None else f"{proposal.key} of {self}"
        return replace(proposal, projects=reached, key=key)

    def hold(self, stored: StoredDocument) -> bool:
        """Whether a pattern is of one of them."""
        return stored.content()["context"].get("project_name") in self.names

    def __str__(self) -> str:
        return ", ".join(map(repr, self.names))


class ProjectStorage(Storage):
    """What a store holds of some projects. What concerns all of a store cannot be done here.

    A `seq` given to `update` and `delete_many` names one state of one pattern, so one that was
    read here is of these projects.
    """

    def __init__(self, storage: Storage, projects: Projects) -> None:
        self._storage = storage
        self._projects = projects

    async def insert_many(self, records: Sequence[Record]) -> list[Insertion]:
        insertions = await self._storage.insert_many(records)
        if all(insertion.outcome is Outcome.STORED for insertion in insertions):
            return insertions
        return await asyncio.gather(*map(self._seen, records, insertions))

    async def _seen(self, record: Record, insertion: Insertion) -> Insertion:
        """The outcome as these callers may know it."""
        if insertion.outcome is Outcome.STORED:
            return insertion
        stored = await self._storage.get(record.pattern_id)
        if stored is None or self._projects.hold(stored):
            return insertion
        return insertion._replace(outcome=Outcome.TAKEN)

    async def update(self, record: Record, seq: int) -> StoredDocument:
        return await self._storage.update(record, seq)

    async def delete_many(self, seqs: Sequence[int], *, expiring: bool = False) -> int:
        return await self._storage.delete_many(seqs, expiring=expiring)

    async def get(self, pattern_id: str) -> StoredDocument | None:
        stored = await self._storage.get(pattern_id)
        return stored if stored is not None and self._projects.hold(stored) else None

    async def query(
        self,
        filters: Filters,
        *,
        order: Order,
        limit: int,
        max_bytes: int,
        after: Position | None = None,
    ) -> Page:
        return await self._storage.query(
            self._projects.restrict(filters),
            order=order,
            limit=limit,
            max_bytes=max_bytes,
            after=after,
        )

    async def count(self, filters: Filters) -> Count:
        return await self._storage.count(self._projects.restrict(filters))

    async def agents(self, filters: Filters) -> list[AgentFigures]:
        return await self._storage.agents(self._projects.restrict(filters))

    async def changes(
        self,
        filters: Filters,
        *,
        after_seq: int,
        limit: int,
        max_bytes: int,
        deletes: bool,
        begun_at: int,
    ) -> Changes:
        if deletes:  # better refused than untold, or a copy would keep what is gone
            raise InsufficientScope(
                "A deletion does not say of which project it was: deletes=true takes a key that "
                "is bound to none."
            )
        return await self._storage.changes(
            self._projects.restrict(filters),
            after_seq=after_seq,
            limit=limit,
            max_bytes=max_bytes,
            deletes=False,
            begun_at=begun_at,
        )

    async def matching(self, filters: Filters) -> Sequence[int]:
        return await self._storage.matching(self._projects.restrict(filters))

    async def expired(
        self, expiry: Expiry, projects: Sequence[str] = ()
    ) -> tuple[list[Tally], Sequence[int]]:
        return await self._storage.expired(expiry, self._projects.names)

    async def oldest(
        self, *, patterns: int, size: int, received_before: int, besides: Collection[int]
    ) -> tuple[list[Tally], Sequence[int]]:
        return [], []  # which are the oldest of all depends on the others

    async def summary(self, now: int) -> Summary:
        return await self._storage.summary_of_projects(now, self._projects.names)

    async def summary_of_projects(self, now: int, projects: Sequence[str]) -> Summary:
        return await self._storage.summary_of_projects(now, self._projects.names)

    async def ping(self) -> None:
        await self._storage.ping()

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

    async def open(self) -> None:
        _refuse()

    async def close(self) -> None:
        _refuse()

    def require_vacancy(self) -> None:
        _refuse()

    def take_over(self, snapshot: Path) -> AsyncIterator[int]:
        _refuse()

    async def snapshot(self, path: Path) -> None:
        _refuse()

    async def restore(
        self, changes: Sequence[Change], *, last_seq: int = 0, purged_seq: int = 0
    ) -> None:
        _refuse()

    async def purge_tombstones(self, before: int) -> int:
        _refuse()

    async def compressible(self, before: int) -> tuple[list[Tally], Sequence[int]]:
        _refuse()

    def compress(self, before: int) -> AsyncIterator[int]:
        _refuse()

    def summarise(self, before: int) -> AsyncIterator[int]:
        _refuse()

    async def reclaim(self) -> None:
        _refuse()

    async def next_commit(self, after: int) -> int:
        _refuse()

    async def restore_decisions(self, decisions: Sequence[Decision]) -> None:
        _refuse()

    async def learning(self) -> Learning | None:
        _refuse()

    async def learn(self, errors: Sequence[LearnedError], progress: Learning) -> list[VariantName]:
        _refuse()

    async def origins(self, seqs: Collection[int]) -> dict[int, Origin]:
        _refuse()

    async def variants(self, *, after: int, limit: int) -> list[Variant]:
        _refuse()

    def stored_bytes(self) -> int:
        _refuse()

    def check(self) -> AsyncIterator[Finding]:
        _refuse()


def _refuse() -> NoReturn:
    raise InsufficientScope("This concerns the whole store; it takes a key bound to no project.")
