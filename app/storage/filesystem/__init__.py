"""Patterns as files in a tree of days, with an index beside them that can be built anew."""

import asyncio
import contextlib
import logging
import secrets
import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from app.errors import StoreNotOpened
from app.metrics import Metrics
from app.storage.base import Change, Finding
from app.storage.filesystem.layout import INDEX
from app.storage.filesystem.mirror import FILES, FileMirror
from app.storage.filesystem.packing import Packer
from app.storage.filesystem.reconciliation import Reconciliation
from app.storage.filesystem.store_file import read_store_file
from app.storage.filesystem.tombstones import read_tombstones, write_tombstones
from app.storage.filesystem.verification import verify_folder
from app.storage.index.connections import Connection
from app.storage.index.storage import IndexedStorage

RESCAN_SECONDS = 300.0
"""How often the files are compared with the index while the service runs."""

_DOUBT_SECONDS = 1.0
"""How soon they are after a write that failed halfway."""

_log = logging.getLogger(__name__)


class FilesystemStorage(IndexedStorage):
    """A tree of JSON files.

    The files are synced before a write is acknowledged; the index is not, since what it loses
    in a power failure the files still have.
    """

    def __init__(
        self,
        path: str,
        *,
        readers: int,
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
            read_only=read_only,
            must_exist=must_exist,
            metrics=metrics,
            mirror=self._files,
        )
        self._reconciliation = Reconciliation(self._root, self._readers, self._writer, self._files)
        self._packer = Packer(self._root, self._readers, self._writer, self._files)
        self._scanning: asyncio.Task[None] | None = None
        self.findings: list[Finding] = []

    async def open(self) -> None:
        if not self._read_only:
            self._readiness.objection = "The files are being compared with the index."
        await super().open()
        if not self._read_only:
            self._scanning = asyncio.create_task(self._scan_again_and_again(), name="rescan")

    async def ready(self) -> None:
        while self._readiness.objection is not None:
            if self._scanning is not None and self._scanning.done():
                self._scanning.result()
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        if self._scanning is not None:
            self._scanning.cancel()
            await asyncio.gather(self._scanning, return_exceptions=True)
        clean = self._scanning is not None and self._readiness.objection is None
        if clean and self._files.store is not None and not self._files.in_doubt:
            token = secrets.token_hex(16)
            await self._writer.outside(partial(_set_token, token=token))
            self._files.store.closed = token
            await asyncio.to_thread(self._files.store.write)
        await super().close()

    async def rescan(self) -> list[Finding]:
        """Compare the files with the index now, and mend the index. What was wrong."""
        self._files.in_doubt = False
        self.findings = await self._reconciliation.run(self._tell)
        for finding in self.findings:
            _log.warning("store mended", extra={"place": finding.place, "why": finding.problem})
        return self.findings

    async def restore(
        self, changes: Sequence[Change], *, last_seq: int = 0, purged_seq: int = 0
    ) -> None:
        await super().restore(changes, last_seq=last_seq, purged_seq=purged_seq)
        await self._writer.change(lambda _: self._set_bounds(last_seq, purged_seq))

    async def purge_tombstones(self, before: int) -> int:
        # An archive may still hold what a tombstone buries, and would bring it back.
        await self._packer.tidy(all_dead=True)
        purged = await super().purge_tombstones(before)
        if purged:
            await self._writer.change(lambda _: self._rewrite_tombstones(before))
        return purged

    async def reclaim(self) -> None:
        await self._packer.tidy(all_dead=False)
        await super().reclaim()

    async def compress(self, before: int) -> AsyncIterator[int]:
        async for _ in self._packer.pack(before):
            yield 0
        async for done in super().compress(before):
            yield done

    def stored_bytes(self) -> int:
        return super().stored_bytes() + self._files.allocated_bytes

    async def check(self) -> AsyncIterator[Finding]:
        async for finding in super().check():
            yield finding
        for folder in await asyncio.to_thread(self._reconciliation.folders):
            for finding in await self._readers.run(
                partial(verify_folder, root=self._root, folder=folder)
            ):
                yield finding

    def _connect(self) -> Connection:
        """The index, begun anew where it cannot be read; and whether to trust the last number."""
        self._root.mkdir(parents=True, exist_ok=True)
        store = read_store_file(self._root)
        try:
            connection = self._connect_index()
        except (sqlite3.DatabaseError, StoreNotOpened) as error:
            _log.warning("index begun anew", extra={"why": str(error)})
            for file in (self._root / INDEX).iterdir():
                file.unlink()
            connection = self._connect_index()
        if store.closed is None or store.closed != _token(connection):
            self._files.last_seq = store.reserved_seq
        store.closed = None
        store.write()
        self._files.store = store
        self._files.count_bytes(connection)
        return connection

    def _connect_index(self) -> Connection:
        connection = super()._connect()
        try:
            (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if state != "ok":
                raise sqlite3.DatabaseError(state)
            connection.executescript(FILES)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _scan_again_and_again(self) -> None:
        await self.rescan()
        self._readiness.objection = None
        waited = 0.0
        while True:
            await asyncio.sleep(_DOUBT_SECONDS)
            waited += _DOUBT_SECONDS
            if self._files.in_doubt or waited >= RESCAN_SECONDS:
                waited = 0.0
                with contextlib.suppress(Exception):
                    await self.rescan()

    def _tell(self, done: int, total: int) -> None:
        if self._readiness.objection is not None:
            self._readiness.objection = (
                f"The files are being compared with the index: {done} of {total} folders."
            )

    def _set_bounds(self, last_seq: int, purged_seq: int) -> None:
        assert self._files.store is not None
        self._files.store.reserve(last_seq)
        if purged_seq > self._files.store.purged_seq:
            self._files.store.purged_seq = purged_seq
            self._files.store.write()

    def _rewrite_tombstones(self, before: int) -> None:
        assert self._files.store is not None
        buried = read_tombstones(self._root)
        purged = [tombstone.seq for tombstone, at in buried if at < before]
        self._files.store.purged_seq = max([self._files.store.purged_seq, *purged])
        self._files.store.write()
        write_tombstones(self._root, [entry for entry in buried if entry[1] >= before])


def _token(connection: Connection) -> str | None:
    row = connection.execute("SELECT token FROM closed").fetchone()
    return None if row is None else row[0]


def _set_token(connection: Connection, token: str) -> None:
    connection.execute("DELETE FROM closed")
    connection.execute("INSERT INTO closed VALUES (?)", (token,))
