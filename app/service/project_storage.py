"""Some projects of a store, as if they were all there is: for callers who may see no others."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path

from app.errors import InsufficientScope
from app.schemas.filters import Filters, Order, Position
from app.schemas.records import Record, StoredDocument
from app.service.project_learning import ProjectLearning, refuse
from app.service.projects import Projects
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


class ProjectStorage(ProjectLearning, Storage):
    """What a store holds of some projects. What concerns all of a store cannot be done here.

    A `seq` given to `update` and `delete_many` names one state of one pattern, so one that was
    read here is of these projects.
    """

    _storage: Storage

    def __init__(self, storage: Storage, projects: Projects) -> None:
        self._storage = storage
        self._projects = projects

    async def insert_many(
        self, records: Sequence[Record], *, starting: Callable[[], None] = lambda: None
    ) -> list[Insertion]:
        insertions = await self._storage.insert_many(records, starting=starting)
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

    async def tally_expired(self, expiry: Expiry, projects: Sequence[str] = ()) -> list[Tally]:
        return await self._storage.tally_expired(expiry, self._projects.names)

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

    # What concerns the whole store is for callers who are bound to no project.

    async def open(self) -> None:
        refuse()

    async def close(self) -> None:
        refuse()

    def require_vacancy(self) -> None:
        refuse()

    def take_over(self, snapshot: Path) -> AsyncIterator[int]:
        refuse()

    async def snapshot(self, path: Path) -> None:
        refuse()

    async def restore(
        self, changes: Sequence[Change], *, last_seq: int = 0, purged_seq: int = 0
    ) -> None:
        refuse()

    async def purge_tombstones(self, before: int) -> int:
        refuse()

    async def compressible(self, before: int) -> tuple[list[Tally], Sequence[int]]:
        refuse()

    def compress(self, before: int) -> AsyncIterator[int]:
        refuse()

    def summarise(self, before: int) -> AsyncIterator[int]:
        refuse()

    async def reclaim(self) -> None:
        refuse()

    async def next_commit(self, after: int) -> int:
        refuse()

    def stored_bytes(self) -> int:
        refuse()

    def check(self) -> AsyncIterator[Finding]:
        refuse()
