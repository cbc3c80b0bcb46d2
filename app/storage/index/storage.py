"""A storage whose look-ups and queries a SQLite database answers."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import Literal, TypeVar

from app.errors import StorageUnavailable, StoreBusy, StoreNotOpened
from app.metrics import Metrics
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
    Page,
    Storage,
    Summary,
    Tally,
)
from app.storage.folder import make_folder
from app.storage.index import check, reading
from app.storage.index.agents import agents
from app.storage.index.compression import Compressor
from app.storage.index.connections import (
    Connection,
    Readers,
    Readiness,
    Worker,
    connect_reader,
    connect_writer,
    read_anew,
)
from app.storage.index.learned_storage import IndexedLearning
from app.storage.index.lookups import Lookups
from app.storage.index.mirror import Mirror
from app.storage.index.schema import migrate
from app.storage.index.snapshot import write_snapshot
from app.storage.index.space import give_back
from app.storage.index.summarising import Summariser
from app.storage.index.writer import Writer
from app.storage.lock import StoreLock

T = TypeVar("T")


class IndexedStorage(IndexedLearning, Storage):
    """All that backends with such a database have in common.

    `mirror` hears of each change before it is committed, and may keep it elsewhere too.
    """

    def __init__(
        self,
        place: Path,
        database: Path,
        lock: Path,
        *,
        synchronous: Literal["full", "normal"],
        readers: int,
        query_seconds: float | None = None,
        read_only: bool,
        must_exist: bool = False,
        metrics: Metrics,
        mirror: Mirror,
    ) -> None:
        self._place = place
        self._path = database
        self._folder = lock.parent
        self._synchronous = synchronous
        self._read_only = read_only
        self._must_exist = must_exist
        self._lock = StoreLock(lock, place)
        self._mirror = mirror
        self._readiness = Readiness()
        self._query_seconds = query_seconds
        self._writer = Writer(Worker(self._connect, "writer"), metrics, mirror, self._readiness)
        self._readers = Readers(partial(connect_reader, database), readers, self._readiness)
        self._lookups = Lookups(self._readers)
        self._compressor = Compressor(self._readers, self._writer)
        self._summariser = Summariser(self._readers, self._writer)

    def _connect(self) -> Connection:
        connection = connect_writer(self._path, self._synchronous)
        try:
            migrate(connection)
        except Exception:
            connection.close()
            raise
        return connection

    async def open(self) -> None:
        try:
            await self._open()
        except StoreBusy:
            await self._release()
            raise
        except (OSError, sqlite3.Error, StoreNotOpened, StorageUnavailable) as error:
            await self._release()
            raise StoreNotOpened(
                f"The store {self._place.absolute()} cannot be opened: {str(error).rstrip('.')}. "
                "Check the path, its owner and its permissions, and the disk's free space."
            ) from error

    async def _open(self) -> None:
        if self._must_exist and not self._place.exists():
            raise StoreNotOpened(f"there is no store at {self._place}.")
        if not self._read_only:
            make_folder(self._folder)
            self._path.parent.mkdir(exist_ok=True)  # that of an index, which need not last
            self._lock.acquire()
            await self._writer.open()
        elif not self._path.exists():
            raise StoreNotOpened(f"there is no store at {self._place}.")
        await self._readers.open()

    async def close(self) -> None:
        await self._release()

    async def _release(self) -> None:
        await self._readers.close()
        if not self._read_only:
            await self._writer.close()
            self._lock.release()

    async def ping(self) -> None:
        await self._readers.run(lambda _: read_anew(self._path))

    async def insert_many(self, records: Sequence[Record]) -> list[Insertion]:
        return await self._writer.insert(records)

    async def update(self, record: Record, seq: int) -> StoredDocument:
        return await self._writer.change(lambda transaction: transaction.update(record, seq))

    async def delete_many(self, seqs: Sequence[int], *, expiring: bool = False) -> int:
        return await self._writer.change(lambda transaction: transaction.delete(seqs, expiring))

    async def restore(
        self, changes: Sequence[Change], *, last_seq: int = 0, purged_seq: int = 0
    ) -> None:
        await self._writer.change(
            lambda transaction: transaction.restore(changes, last_seq, purged_seq)
        )

    async def purge_tombstones(self, before: int) -> int:
        return await self._writer.change(lambda transaction: transaction.purge_tombstones(before))

    async def reclaim(self) -> None:
        await give_back(self._writer)

    async def get(self, pattern_id: str) -> StoredDocument | None:
        return await self._lookups.get(pattern_id)

    async def _search(self, work: Callable[[Connection], T]) -> T:
        """A read by filters, which may ask for anything: bounded in time."""
        return await self._readers.run(work, self._query_seconds)

    async def query(
        self,
        filters: Filters,
        *,
        order: Order,
        limit: int,
        max_bytes: int,
        after: Position | None = None,
    ) -> Page:
        return await self._search(
            partial(
                reading.query,
                filters=filters,
                order=order,
                limit=limit,
                max_bytes=max_bytes,
                after=after,
            )
        )

    async def count(self, filters: Filters) -> Count:
        return await self._search(partial(reading.count, filters=filters))

    async def agents(self, filters: Filters) -> list[AgentFigures]:
        return await self._search(partial(agents, filters=filters))

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
        return await self._readers.run(
            partial(
                reading.changes,
                filters=filters,
                after_seq=after_seq,
                limit=limit,
                max_bytes=max_bytes,
                deletes=deletes,
                begun_at=begun_at,
            )
        )

    async def next_commit(self, after: int) -> int:
        return await self._writer.next_commit(after)

    async def matching(self, filters: Filters) -> Sequence[int]:
        return await self._search(partial(reading.matching, filters=filters))

    async def expired(
        self, expiry: Expiry, projects: Sequence[str] = ()
    ) -> tuple[list[Tally], Sequence[int]]:
        return await self._readers.run(partial(reading.expired, expiry=expiry, projects=projects))

    async def oldest(
        self, *, patterns: int, size: int, received_before: int, besides: Collection[int]
    ) -> tuple[list[Tally], Sequence[int]]:
        return await self._readers.run(
            partial(
                reading.oldest,
                patterns=patterns,
                size=size,
                received_before=received_before,
                besides=besides,
            )
        )

    async def summary(self, now: int) -> Summary:
        return await self._readers.run(
            partial(reading.summary, now=now, stored_bytes=self.stored_bytes())
        )

    async def summary_of_projects(self, now: int, projects: Sequence[str]) -> Summary:
        return await self._readers.run(
            partial(reading.summary_of_projects, now=now, projects=projects)
        )

    async def compressible(self, before: int) -> tuple[list[Tally], Sequence[int]]:
        return await self._compressor.candidates(before)

    async def compress(self, before: int) -> AsyncIterator[int]:
        async for done in self._compressor.run(before):
            yield done

    async def summarise(self, before: int) -> AsyncIterator[int]:
        async for done in self._summariser.run(before):
            yield done

    def stored_bytes(self) -> int:
        total = 0
        for suffix in ("", "-wal"):
            try:
                total += os.stat(f"{self._path}{suffix}").st_size
            except FileNotFoundError:
                continue
        return total

    async def snapshot(self, path: Path) -> None:
        stopped = Event()
        try:
            await self._readers.run(partial(write_snapshot, path=path, stopped=stopped))
        finally:
            stopped.set()

    async def check(self) -> AsyncIterator[Finding]:
        for finding in await self._readers.run(check.whole_file):
            yield finding
        after_seq: int | None = 0
        while after_seq is not None:
            findings, after_seq = await self._readers.run(
                partial(check.some_patterns, after_seq=after_seq)
            )
            for finding in findings:
                yield finding
