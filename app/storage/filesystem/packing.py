"""Packing the files of old days into archives, a folder at a time, beside the writers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

from app.schemas.records import StoredDocument
from app.schemas.timestamps import DAY
from app.storage.filesystem.archives import archive_of
from app.storage.filesystem.durable import remove_files, write_files
from app.storage.filesystem.layout import ARCHIVE, folder_of, is_archive
from app.storage.filesystem.mirror import FileMirror, Look, look_at
from app.storage.index.connections import Connection, Readers
from app.storage.index.reading import by_seq
from app.storage.index.transaction import Transaction
from app.storage.index.writer import Writer

STEP = 100
"""Loose files whose place is taken by the archive in one transaction."""

_REPACK = 8
"""A day that has an archive is packed again once one in so many of its patterns lies loose,
or is in the archive and dead."""


class Packer:
    """Makes archives and keeps them in shape."""

    def __init__(self, root: Path, readers: Readers, writer: Writer, mirror: FileMirror) -> None:
        self._root = root
        self._readers = readers
        self._writer = writer
        self._mirror = mirror

    async def pack(self, before: int) -> AsyncIterator[int]:
        """Pack the days that ended before a time; yields the patterns of each when done."""
        last = folder_of(before // DAY * DAY)
        for folder in await self._readers.run(partial(_folders_to_pack, before=last)):
            yield await self._pack(folder)

    async def tidy(self, *, all_dead: bool) -> None:
        """Remove archives that hold nothing alive; with `all_dead`, drop every dead pattern."""
        for folder in await self._readers.run(partial(_folders_with_dead, every=all_dead)):
            await self._pack(folder)

    async def _pack(self, folder: str) -> int:
        states, looks = await self._readers.run(partial(_live_states, folder=folder))
        if any(look_at(self._root / path) != look for path, look in looks.items()):
            return 0  # somebody has touched a file: that is looked into first
        path = f"{folder}/{ARCHIVE}"
        if not states:
            await asyncio.to_thread(remove_files, self._root, [path])
            await self._writer.change(partial(self._note, folder=folder, patterns=0))
            return 0
        content = await asyncio.to_thread(lambda: archive_of([s.to_json() for s in states]))
        await asyncio.to_thread(write_files, self._root, {path: content})
        look = look_at(self._root / path)
        if look is None:
            return 0
        for start in range(0, len(states), STEP):
            seqs = [state.stored.seq for state in states[start : start + STEP]]
            await self._writer.change(partial(self._move, path=path, look=look, seqs=seqs))
        await self._writer.change(partial(self._note, folder=folder, patterns=len(states)))
        return sum(not is_archive(path) for path in looks)

    def _note(self, transaction: Transaction, folder: str, patterns: int) -> None:
        self._mirror.note_archive(transaction.connection, folder, patterns)

    def _move(self, transaction: Transaction, path: str, look: Look, seqs: Sequence[int]) -> None:
        """The archive now holds these states; loose files of them go after the commit."""
        for seq in seqs:
            row = transaction.connection.execute(
                "SELECT path FROM files WHERE seq = ?", (seq,)
            ).fetchone()
            if row is None:  # changed or deleted while the archive was made
                continue
            if not is_archive(row[0]):
                self._mirror.remove_later(row[0])
            self._mirror.note(transaction.connection, seq, path, look)


def _folders_to_pack(connection: Connection, before: str) -> list[str]:
    return [
        folder
        for folder, loose, packed in connection.execute(
            "SELECT folder, sum(path NOT LIKE '%/' || ?1), sum(path LIKE '%/' || ?1) FROM files"
            " WHERE folder GLOB '[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]' AND folder < ?2"
            " GROUP BY folder",
            (ARCHIVE, before),
        )
        if loose * _REPACK >= packed and loose > 0
    ]


def _folders_with_dead(connection: Connection, every: bool) -> list[str]:
    rows = connection.execute(
        "SELECT a.folder, a.patterns,"
        " (SELECT count(*) FROM files f WHERE f.folder = a.folder AND f.path = a.folder || ?)"
        " FROM archives a",
        (f"/{ARCHIVE}",),
    ).fetchall()
    return [
        folder
        for folder, patterns, alive in rows
        if alive < patterns and (every or alive == 0 or (patterns - alive) * _REPACK >= patterns)
    ]


def _live_states(
    connection: Connection, folder: str
) -> tuple[list[StoredDocument], dict[str, Look]]:
    """All states that files of a folder hold, in time's order, and how those files look."""
    rows = connection.execute(
        "SELECT seq, path, size, changed_at, inode FROM files WHERE folder = ?", (folder,)
    ).fetchall()
    states = [by_seq(connection, seq) for seq, *_ in rows]
    states.sort(key=lambda state: (state.timestamp, state.pattern_id))
    return states, {path: Look(*look) for _, path, *look in rows}
