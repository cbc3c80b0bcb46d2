"""Patterns as files in a tree of days, with an index beside them that can be built anew."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from app.errors import DamagedStore, PatternStoreError, StoreExists, StoreNotOpened
from app.metrics import Metrics
from app.storage.base import Change, Finding, Repair, Summary, Tally
from app.storage.filesystem.building import build_tree, without_files
from app.storage.filesystem.decisions import verify_decisions
from app.storage.filesystem.files import allocated_bytes, archived_bytes
from app.storage.filesystem.folders import remove_unfinished
from app.storage.filesystem.index_file import end_mark, mark_end, open_index, set_aside
from app.storage.filesystem.layout import INDEX, STORE, subfolders
from app.storage.filesystem.mirror import FileMirror
from app.storage.filesystem.packing import Packer
from app.storage.filesystem.reconciliation import Reconciliation
from app.storage.filesystem.store_file import StoreFile, read_store_file
from app.storage.filesystem.tombstones import read_tombstones, write_tombstones
from app.storage.filesystem.verification import verify_folder, verify_store_file, verify_tombstones
from app.storage.folder import put_in_place
from app.storage.index.connections import Connection
from app.storage.index.failures import DRIVER_ERRORS, explained, translated
from app.storage.index.storage import IndexedStorage

T = TypeVar("T")

_NOTHING = Repair(0, 0, [])

RESCAN_SECONDS = 300.0
"""How often the files are compared with the index while the service runs."""

_UNREADABLE = (TypeError, ValueError, LookupError)
"""What comes of columns that hold what no column of ours should."""

_DOUBT_SECONDS = 1.0
"""How soon they are after a write that failed halfway, or a comparison that failed."""

_SETTLING_SECONDS = 0.2
"""How long a check waits before it looks again at what seems wrong."""

_log = logging.getLogger(__name__)


class FilesystemStorage(IndexedStorage):
    """A tree of JSON files.

    The files are synced before a write is acknowledged; the index is not, since what it loses
    in a power failure the files still have.
    """

    mending = "The index is damaged: pattern-store check --repair makes it anew from the files."

    def __init__(
        self,
        path: str,
        *,
        readers: int,
        query_seconds: float | None = None,
        read_only: bool,
        must_exist: bool = False,
        metrics: Metrics,
    ) -> None:
        self._root = Path(path)
        self._files = FileMirror(self._root)
        synchronous: Literal["normal"] = "normal"
        super().__init__(
            self._root,
            self._root / INDEX / "index.db",
            self._root / ".lock",
            synchronous=synchronous,
            readers=readers,
            query_seconds=query_seconds,
            read_only=read_only,
            must_exist=must_exist,
            metrics=metrics,
            mirror=self._files,
        )
        self._reconciliation = Reconciliation(self._root, self._readers, self._writer, self._files)
        self._packer = Packer(self._root, self._readers, self._writer, self._files)
        self._trusted = False
        self._first_attempt = asyncio.Event()
        self._rescanning = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._mended = self._mended_at_start = _NOTHING
        self._generation = 0

    @property
    def generation(self) -> int:
        return self._generation

    async def open(self) -> None:
        if self._read_only:
            if (self._root / STORE).exists() and not self._path.exists():
                raise StoreNotOpened(
                    f"The index {self._path} is gone; pattern-store check --repair makes it anew."
                )
            await super().open()
            return
        self._readiness.objection = "The files are being compared with the index."
        await super().open()
        self._watching = asyncio.create_task(self._watch(), name="rescan")

    async def ready(self) -> None:
        if not self._read_only:
            await self._first_attempt.wait()
        self._readiness.check()

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None
            await self._writer.finish()
            await self._mark_clean_end()
        await super().close()

    async def repair(self) -> Repair:
        opening, self._mended_at_start = self._mended_at_start, _NOTHING
        # By a damaged index, what was deleted could be taken for new.
        self._readiness.damaged = bool([finding async for finding in super().check()])
        await self.rescan(thorough=True)
        self._readiness.damaged = bool([finding async for finding in super().check()])
        if self._readiness.damaged:
            await self.rescan()
        now = self._mended
        fresh = [finding for finding in now.findings if finding not in opening.findings]
        return Repair(
            opening.taken_up + now.taken_up,
            opening.deleted + now.deleted,
            [*opening.findings, *fresh],
        )

    async def rescan(self, *, thorough: bool = False) -> None:
        """Compare the files with the index, and mend the index, or make it anew if it is damaged.

        For `thorough` see `Reconciliation`. Raises StorageUnavailable.
        """
        async with self._rescanning:
            in_doubt = not self._trusted or self._files.in_doubt
            if not self._readiness.damaged:
                try:
                    await self._compare(thorough)
                except (DamagedStore, *_UNREADABLE) as error:
                    _log.warning("index damaged", extra={"why": explained(error)})
                    self._readiness.damaged = True
            if self._readiness.damaged:
                await self._begin_index_anew()
            if in_doubt or self._readiness.objection is not None:  # the index may be another
                await self._begin_generation()
            self._readiness.objection = None

    async def _compare(self, thorough: bool = False) -> None:
        trusted = self._trusted and not self._files.in_doubt
        self._files.in_doubt = False
        try:
            mended = await self._reconciliation.run(self._tell, trusted=trusted, thorough=thorough)
        except Exception as error:
            self._files.in_doubt |= not trusted
            raise translated(error) from error
        except asyncio.CancelledError:
            self._files.in_doubt |= not trusted
            raise
        self._trusted = True
        self._losses.clear()  # the files have it
        for finding in mended.findings:
            if finding not in self._mended.findings:
                _log.warning("odd file", extra={"place": finding.place, "why": finding.problem})
        self._mended = mended

    async def _begin_index_anew(self) -> None:
        """Make the index anew from the files; until that is done, calls are refused."""
        why = self._readiness.objection = "The index is damaged, and is made anew from the files."
        _log.warning("index begun anew", extra={"why": why})
        await self._writer.finish()
        try:
            async with self._readers.disconnected():
                await self._writer.reconnect(partial(set_aside, self._path))
        except (OSError, *DRIVER_ERRORS) as error:
            raise translated(error) from error
        self._readiness.damaged = False
        await self._compare()

    async def _begin_generation(self) -> None:
        self._generation += 1
        await self._writer.change_alone(lambda _: None)

    async def restore(
        self, changes: Sequence[Change], *, last_seq: int = 0, purged_seq: int = 0
    ) -> None:
        await super().restore(changes, last_seq=last_seq, purged_seq=purged_seq)
        await self._writer.change(lambda _: self._store_file.note_purged(purged_seq))

    async def purge_tombstones(self, before: int) -> int:
        if self._files.in_doubt:
            await self.rescan()  # what deletions should have removed may lie there still
        if not await self._readers.run(partial(_has_tombstones, before=before)):
            return 0
        # An archive may still hold what a tombstone buries, and would bring it back.
        if not await self._on_files(self._packer.tidy(all_dead=True)):
            return 0
        purged = await super().purge_tombstones(before)
        if purged:
            await self._writer.change(lambda _: self._rewrite_tombstones(before))
        return purged

    async def reclaim(self) -> None:
        await self._on_files(self._packer.tidy(all_dead=False))
        await super().reclaim()

    async def compressible(self, before: int) -> tuple[list[Tally], Sequence[int]]:
        return await self._on_files(self._packer.candidates(before))

    async def compress(self, before: int) -> AsyncIterator[int]:
        packing = self._packer.pack(before)
        while (done := await self._on_files(anext(packing, None))) is not None:
            yield done
        async for _ in super().compress(before):  # the index's documents, which nobody counts
            yield 0

    async def summary(self, now: int) -> Summary:
        summary = await super().summary(now)
        raw, packed = await self._readers.run(archived_bytes)
        return replace(summary, document_bytes=summary.raw_bytes - raw + packed)

    def stored_bytes(self) -> int:
        return super().stored_bytes() + self._files.allocated_bytes

    def require_vacancy(self) -> None:
        """An empty folder is vacant too, but what is built beside it cannot become a mount."""
        if not self._root.exists():
            return
        if not self._root.is_dir() or any(self._root.iterdir()):
            raise StoreExists(
                f"{self._root.absolute()} is there already, and not an empty folder; nothing is "
                "written over it. Name a new place, or move it away."
            )
        if self._root.is_mount():
            raise StoreExists(
                f"{self._root.absolute()} is a disk of its own; name a folder on that disk."
            )

    async def take_over(self, snapshot: Path) -> AsyncIterator[int]:
        tree = snapshot.with_name("tree")
        for done in build_tree(tree, snapshot):
            yield done
            await asyncio.sleep(0)
        self.require_vacancy()
        put_in_place(tree, self._root)

    async def snapshot(self, path: Path) -> None:
        await super().snapshot(path)
        await asyncio.to_thread(without_files, path)

    async def check(self) -> AsyncIterator[Finding]:
        async for finding in super().check():
            yield finding
        for finding in await asyncio.to_thread(verify_store_file, self._root):
            yield finding
        looks: list[Callable[[Connection], list[Finding]]] = [
            partial(verify_tombstones, root=self._root),
            partial(verify_decisions, root=self._root),
            *(
                partial(verify_folder, root=self._root, folder=folder)
                for folder in await asyncio.to_thread(subfolders, self._root)
            ),
        ]
        for verify in looks:
            if found := await self._readers.run(verify):
                await asyncio.sleep(_SETTLING_SECONDS)  # what is being written just now is well
                for finding in await self._readers.run(verify):
                    if finding in found:
                        yield finding

    @property
    def _store_file(self) -> StoreFile:
        assert self._files.store is not None
        return self._files.store

    async def _on_files(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except OSError as error:
            raise translated(error) from error

    def _connect(self) -> Connection:
        store = read_store_file(self._root)
        connection = open_index(self._path, super()._connect)
        try:
            self._trusted = store.closed is not None and store.closed == end_mark(connection)
            if not self._trusted:
                self._files.last_seq = store.reserved_seq
                for folder in subfolders(self._root):
                    remove_unfinished(self._root, folder)
            if store.closed is not None:
                store.closed = None
                store.write()
            self._files.store = store
            self._files.allocated_bytes = allocated_bytes(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _watch(self) -> None:
        """Make the store ready, then keep files and index in line."""
        while self._readiness.objection is not None:
            try:
                await self.rescan()
                self._mended_at_start = self._mended
            except PatternStoreError as error:
                self._readiness.objection = str(error)
                _log.error("store not ready", extra={"why": str(error)})
            finally:
                self._first_attempt.set()
            await asyncio.sleep(0 if self._readiness.objection is None else _DOUBT_SECONDS)
        waited = 0.0
        while True:
            await asyncio.sleep(_DOUBT_SECONDS)
            waited += _DOUBT_SECONDS
            unready = self._readiness.damaged or self._readiness.objection is not None
            doubtful = self._files.in_doubt or unready
            if doubtful or waited >= RESCAN_SECONDS:
                waited = 0.0
                try:
                    await self.rescan()
                except PatternStoreError as error:
                    _log.error("rescan failed", extra={"why": str(error)})

    def _tell(self, done: int, total: int) -> None:
        if self._readiness.objection is not None:
            self._readiness.objection = (
                f"The files are being compared with the index: {done} of {total} folders."
            )

    async def _mark_clean_end(self) -> None:
        """Have the next start know that this index saw all writes, where that is so."""
        if not self._trusted or self._files.in_doubt:
            return
        try:
            mark = await self._writer.outside(mark_end)
            await asyncio.to_thread(replace(self._store_file, closed=mark).write)
        except (OSError, PatternStoreError):
            _log.exception("clean end not noted; the next start compares all files")

    def _rewrite_tombstones(self, before: int) -> None:
        buried = read_tombstones(self._root)
        self._store_file.note_purged(
            max((tombstone.seq for tombstone, at in buried if at < before), default=0)
        )
        write_tombstones(self._root, [entry for entry in buried if entry[1] >= before])


def _has_tombstones(connection: Connection, before: int) -> bool:
    row = connection.execute("SELECT 1 FROM tombstones WHERE deleted_at < ? LIMIT 1", (before,))
    return row.fetchone() is not None
