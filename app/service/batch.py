"""Storing many patterns, good ones even where others are bad."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.errors import InvalidPattern, PatternExists, PatternStoreError
from app.schemas.json_text import read_json
from app.schemas.records import Record
from app.service.patterns import PatternService
from app.storage.base import Outcome

ERRORS_KEPT = 1000
"""Errors a report names; further ones are only counted."""

CHUNK = 1000
"""Items that may wait for one transaction."""

CHUNK_BYTES = 8 * 1024 * 1024
"""Bytes of their documents that may wait."""

PLACES = 8
"""Batches of one service that may hold items at a time, which bounds the memory of all; further
ones wait for their turn without reading on."""


class OnConflict(StrEnum):
    """What to do where an id holds another content."""

    REJECT = "reject"
    SKIP = "skip"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class ItemError:
    """Why one item, counted from 0, was not stored."""

    index: int
    pattern_id: str | None
    error: PatternStoreError


@dataclass(slots=True)
class BatchReport:
    """What became of the items so far: each received one is stored, a duplicate or rejected.

    `past_retention` counts those stored that retention may delete after their grace.
    """

    received: int = 0
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    past_retention: int = 0
    errors: list[ItemError] = field(default_factory=list)
    errors_omitted: int = 0


@dataclass(slots=True)
class _Item:
    """A valid item that waits to be stored; its value only where it may replace another."""

    index: int
    value: Any
    record: Record


@dataclass(slots=True)
class _Items:
    """Those that go together, and their records; `bytes` are those of their documents."""

    items: list[_Item] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    bytes: int = 0

    def add(self, item: _Item) -> None:
        self.items.append(item)
        self.records.append(item.record)
        self.bytes += len(item.record.document)

    def is_full(self) -> bool:
        return len(self.items) >= CHUNK or self.bytes >= CHUNK_BYTES


class Batch:
    """One batch on its way in: while one part of it is committed, the next is read."""

    def __init__(
        self,
        service: PatternService,
        *,
        on_conflict: OnConflict = OnConflict.REJECT,
        key: str | None = None,
        preserve: bool = False,
        places: asyncio.Semaphore | None = None,
    ) -> None:
        self.report = BatchReport()
        self._service = service
        self._on_conflict = on_conflict
        self._key = key
        self._preserve = preserve
        self._waiting = _Items()
        self._places = places or asyncio.Semaphore(PLACES)
        self._room = asyncio.Event()
        self._storing: asyncio.Task[None] | None = None

    async def add(self, texts: Sequence[bytes | PatternStoreError]) -> None:
        """Take the next items: each a pattern's JSON text, or what made it unreadable.

        They are stored at once, or together with those that follow while others are being
        stored. Where other batches wait for a place, it comes back when all is stored and the
        place is free. Raises StorageUnavailable where that failed for earlier ones.
        """
        if self._storing is None or self._storing.done():
            await self._stored()
            await self._places.acquire()
            self._storing = asyncio.create_task(self._store_waiting())
        for text in texts:
            self._take(text)
        if self._places.locked():
            await self._stored()
        elif self._waiting.is_full():
            self._room.clear()
            await self._room.wait()

    async def finish(self) -> None:
        """Wait until all that was taken is stored. Raises StorageUnavailable."""
        await self._stored()

    async def _stored(self) -> None:
        storing, self._storing = self._storing, None
        if storing is not None:
            await storing

    async def _store_waiting(self) -> None:
        """Store what waits, and what comes to wait meanwhile; then give the place up."""
        try:
            while self._waiting.items:
                await self._store(self._waiting)
        finally:
            self._places.release()
            self._room.set()

    def _take(self, text: bytes | PatternStoreError) -> None:
        index = self.report.received
        self.report.received += 1
        value: Any = None
        try:
            if isinstance(text, PatternStoreError):
                raise text
            value = read_json(text)
            record = self._service.record(
                value, key=self._key, index=index, preserve=self._preserve
            )
            kept = value if self._on_conflict is OnConflict.REPLACE else None
            self._waiting.add(_Item(index, kept, record))
        except PatternStoreError as error:
            self._reject(index, _id_of(value), error)

    def _make_room(self) -> None:
        self._waiting = _Items()
        self._room.set()

    async def _store(self, items: _Items) -> None:
        insertions = await self._service.insert(items.records, starting=self._make_room)
        cutoffs = self._service.retention.cutoffs(self._service.clock())
        for item, insertion in zip(items.items, insertions, strict=True):
            if insertion.outcome is Outcome.STORED:
                self._count_stored(item.record, cutoffs)
            elif insertion.outcome is Outcome.TAKEN:
                pattern_id = item.record.pattern_id
                self._reject(item.index, pattern_id, PatternExists(pattern_id))
            elif insertion.outcome is Outcome.DUPLICATE or self._on_conflict is OnConflict.SKIP:
                self.report.duplicates += 1
            elif self._on_conflict is OnConflict.REPLACE:
                await self._replace(item, insertion.stored.seq, cutoffs)
            else:
                pattern_id = item.record.pattern_id
                self._reject(item.index, pattern_id, PatternExists(pattern_id))

    async def _replace(self, item: _Item, seq: int, cutoffs: Mapping[str, int]) -> None:
        try:
            written = await self._service.put(item.record.pattern_id, item.value)
        except (InvalidPattern, PatternExists) as error:
            self._reject(item.index, item.record.pattern_id, error)
        else:
            if written.pattern.stored.seq == seq:  # nothing changed: a retry without a timestamp
                self.report.duplicates += 1
            else:
                self._count_stored(item.record, cutoffs)

    def _count_stored(self, record: Record, cutoffs: Mapping[str, int]) -> None:
        self.report.stored += 1
        if record.timestamp < cutoffs[record.pattern_type]:
            self.report.past_retention += 1

    def _reject(self, index: int, pattern_id: str | None, error: PatternStoreError) -> None:
        self.report.rejected += 1
        if len(self.report.errors) < ERRORS_KEPT:
            self.report.errors.append(ItemError(index, pattern_id, error))
        else:
            self.report.errors_omitted += 1


def _id_of(value: Any) -> str | None:
    pattern_id = value.get("pattern_id") if isinstance(value, dict) else None
    return pattern_id if isinstance(pattern_id, str) else None
