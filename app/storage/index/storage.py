"""A storage whose look-ups and queries a SQLite database answers."""

import logging
import os
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import Literal, TypeVar

from app.errors import DamagedStore, StorageUnavailable, StoreBusy, StoreNotOpened
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
from app.storage.index import check, expiring, reading
from app.storage.index.agents import agents
from app.storage.index.commit import weight_of
from app.storage.index.compression import Compressor
from app.storage.index.connections import Connection, connect_reader, connect_writer, read_anew
from app.storage.index.failures import DRIVER_ERRORS, explained, is_contradiction, is_damage
from app.storage.index.learned_storage import IndexedLearning
from app.storage.index.mirror import Mirror
from app.storage.index.readers import Readers
from app.storage.index.readiness import Readiness
from app.storage.index.recent import RecentStates
from app.storage.index.schema import migrate
from app.storage.index.snapshot import write_snapshot
from app.storage.index.space import give_back
from app.storage.index.summarising import Summariser
from app.storage.index.upkeep import Upkeep
from app.storage.index.wal import WalIndex, lost_writes, open_index, wal_index
from app.storage.index.worker import Worker
from app.storage.index.writer import Writer
from app.storage.lock import StoreLock

T = TypeVar("T")

_log = logging.getLogger(__name__)

_CHECK_PLACE = "Check the path, its owner and its permissions, and the disk's free space."


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
        self._losses: list[Finding] = []
        self._descriptors: list[int] = []
        self._must_exist = must_exist
        self._lock = StoreLock(lock, place)
        self._mirror = mirror
        self._readiness = Readiness()
        self._query_seconds = query_seconds
        self._writer = Writer(Worker(self._connect, "writer"), metrics, mirror, self._readiness)
        self._upkeep = Upkeep(partial(connect_writer, database, synchronous), self._writer)
        self._readers = Readers(
            partial(connect_reader, database, damaged=read_only, recent=RecentStates()),
            readers,
            self._readiness,
        )
        self._compressor = Compressor(self._readers, self._writer)
        self._summariser = Summariser(self._readers, self._writer)

    def _connect(self) -> Connection:
        notice_loss = partial(self._notice_loss, wal_index(self._path))
        connection = connect_writer(self._path, self._synchronous, notice_loss)
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
        except (OSError, *DRIVER_ERRORS, StoreNotOpened, StorageUnavailable) as error:
            await self._release()
            raise StoreNotOpened(
                f"The store {self._place.absolute()} cannot be opened: "
                f"{explained(error).rstrip('.')}. {self._way_out(error)}".rstrip()
            ) from error

    def _way_out(self, error: Exception) -> str:
        """What a person can do about a store that cannot be opened, unless the error says it."""
        if isinstance(error, DamagedStore):
            return ""
        return self.mending if is_damage(error) or is_contradiction(error) else _CHECK_PLACE

    async def _open(self) -> None:
        if self._must_exist and not self._place.exists():
            raise StoreNotOpened(f"there is no store at {self._place}.")
        if not self._read_only:
            make_folder(self._folder)
            self._path.parent.mkdir(exist_ok=True)  # that of an index, which need not last
            self._lock.acquire()
            await self._writer.open()
            self._upkeep.begin()
        elif not self._path.exists():
            raise StoreNotOpened(f"there is no store at {self._place}.")
        before = wal_index(self._path) if self._read_only else None
        await self._readers.open()
        if self._read_only:
            self._notice_loss(before)

    def _notice_loss(self, before: WalIndex | None) -> None:
        """See whether the database, now open, has all of the log that a process left."""
        index = open_index(self._path)
        if index is None:
            return
        self._descriptors.append(index)
        lost = lost_writes(self._path, before, index)
        if lost is not None:
            self._losses.append(Finding(f"{self._path.name}-wal", lost))
            _log.warning("log of writes damaged", extra={"place": f"{self._path}-wal", "why": lost})

    async def ready(self) -> None:
        if not self._read_only:  # or it is looked at as it is
            await self.ping()

    async def close(self) -> None:
        await self._release()

    async def _release(self) -> None:
        await self._readers.close()
        if not self._read_only:
            await self._upkeep.close()
            await self._writer.close()
        while self._descriptors:
            os.close(self._descriptors.pop())
        if not self._read_only:
            self._lock.release()

    async def ping(self) -> None:
        await self._readers.run(lambda _: read_anew(self._path))

    async def insert_many(
        self, records: Sequence[Record], *, starting: Callable[[], None] = lambda: None
    ) -> list[Insertion]:
        return await self._writer.insert(records, starting)

    async def update(self, record: Record, seq: int) -> StoredDocument:
        return await self._writer.change(
            lambda transaction: transaction.update(record, seq), weight_of([record])
        )

    async def delete_many(self, seqs: Sequence[int], *, expiring: bool = False) -> int:
        return await self._writer.change(
            lambda transaction: transaction.delete(seqs, expiring), len(seqs)
        )

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
        return await self._readers.run_at_once(partial(reading.get, pattern_id=pattern_id))

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
        return await self._readers.run_at_once(
            partial(
                reading.query,
                filters=filters,
                order=order,
                limit=limit,
                max_bytes=max_bytes,
                after=after,
            ),
            self._query_seconds,
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
        return await self._readers.run(partial(expiring.expired, expiry=expiry, projects=projects))

    async def tally_expired(self, expiry: Expiry, projects: Sequence[str] = ()) -> list[Tally]:
        return await self._readers.run(
            partial(expiring.tally_expired, expiry=expiry, projects=projects)
        )

    async def oldest(
        self, *, patterns: int, size: int, received_before: int, besides: Collection[int]
    ) -> tuple[list[Tally], Sequence[int]]:
        return await self._readers.run(
            partial(
                expiring.oldest,
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
        for finding in self._losses:
            yield finding
        for finding in await self._readers.run(check.whole_file):
            yield finding
        after_seq: int | None = 0 if await self._readers.run(check.is_present) else None
        while after_seq is not None:
            findings, after_seq = await self._readers.run(
                partial(check.some_patterns, after_seq=after_seq)
            )
            for finding in findings:
                yield finding
