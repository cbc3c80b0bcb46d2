"""Packing the files of old days into archives, a folder at a time, beside the writers."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.schemas.records import StoredDocument
from app.schemas.timestamps import DAY, EARLIEST
from app.storage.base import Tally
from app.storage.filesystem import files
from app.storage.filesystem.archives import archive_of
from app.storage.filesystem.durable import write_files
from app.storage.filesystem.files import Look, look_at
from app.storage.filesystem.folders import slim
from app.storage.filesystem.layout import ARCHIVE, folder_of, is_archive
from app.storage.filesystem.mirror import FileMirror
from app.storage.index.connections import Connection
from app.storage.index.readers import Readers
from app.storage.index.reading import states, tallies
from app.storage.index.transaction import Transaction
from app.storage.index.writer import Writer

STEP = 25
"""Loose files whose place is taken by the archive in one transaction."""

_REPACK = 8
"""A day that has an archive is packed again once one in so many of its patterns lies loose,
or is in the archive and dead."""

_FOLDERS_TO_PACK = (
    "SELECT folder FROM files"
    " WHERE folder GLOB '[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]' AND folder < :last"
    " GROUP BY folder HAVING sum(path <> folder || :archive) > 0"
    f" AND sum(path <> folder || :archive) * {_REPACK} >= sum(path = folder || :archive)"
)


class Packer:
    """Makes archives and keeps them in shape."""

    def __init__(self, root: Path, readers: Readers, writer: Writer, mirror: FileMirror) -> None:
        self._root = root
        self._readers = readers
        self._writer = writer
        self._mirror = mirror

    async def candidates(self, before: int) -> tuple[list[Tally], Sequence[int]]:
        """What `pack` would take: tallies, and the `seq` of each pattern."""
        rows = await self._readers.run(partial(_loose_states, last=_last_folder(before)))
        return tallies(row[1:] for row in rows), [row[0] for row in rows]

    async def pack(self, before: int) -> AsyncIterator[int]:
        """Pack the days that ended before a time; yields the patterns of each when done."""
        for folder in await self._readers.run(partial(_to_pack, last=_last_folder(before))):
            yield await self._pack(folder) or 0

    async def tidy(self, *, all_dead: bool) -> bool:
        """Remove archives that hold nothing alive; with `all_dead`, drop every dead pattern.

        Whether that could be done everywhere.
        """
        folders = await self._readers.run(partial(_with_dead, every=all_dead))
        return None not in [await self._pack(folder) for folder in folders]

    async def _pack(self, folder: str) -> int | None:
        """Make the archive of a folder anew; how many patterns it takes up that lay loose.

        None where that has to wait, since somebody has touched a file: the next rescan looks
        into that first.

        The process may end at any step. What is in the archive before the index knows is a
        copy of what lies loose. What is deleted meanwhile is in the archive though dead; so
        the index is told of more patterns in it than can be, until all is done.
        """
        path = f"{folder}/{ARCHIVE}"
        day = await self._readers.run(partial(_read_day, folder=folder))
        looks = await asyncio.to_thread(self._looks, {*day.looks, path})
        if any(looks[known] != look for known, look in day.looks.items()):
            return None
        if looks[path] is not None and path not in day.looks and not day.in_archive:
            return None
        if not day.states:
            await self._writer.change(partial(self._drop, path=path, look=looks[path]))
            return 0
        await self._note(folder, day.in_archive + len(day.states))
        content = await asyncio.to_thread(_archive_of_states, day.states)
        await asyncio.to_thread(write_files, self._root, {path: content})
        look = look_at(self._root / path)
        self._mirror.account(looks[path], look)
        for start in range(0, len(day.states), STEP):
            seqs = [state.stored.seq for state in day.states[start : start + STEP]]
            await self._writer.change(partial(self._move, path=path, look=look, seqs=seqs))
        await self._note(folder, len(day.states))
        await self._writer.outside(lambda _: slim(self._root, folder))
        return day.loose

    def _looks(self, paths: Iterable[str]) -> dict[str, Look | None]:
        return {path: look_at(self._root / path) for path in paths}

    async def _note(self, folder: str, patterns: int) -> None:
        await self._writer.change(
            lambda transaction: files.note_archive(transaction.connection, folder, patterns)
        )

    def _drop(self, transaction: Transaction, path: str, look: Look | None) -> None:
        """Remove an archive that holds nothing alive, after the commit."""
        files.note_archive(transaction.connection, files.folder_in(path), 0)
        if look is not None and not files.seqs_in(transaction.connection, [path], 1):
            self._mirror.remove_later(path, look)

    def _move(
        self, transaction: Transaction, path: str, look: Look | None, seqs: Sequence[int]
    ) -> None:
        """The archive now holds these states; loose files of them go after the commit.

        Unless somebody has touched the one or the other meanwhile, or the state is no more.
        """
        if look is None or look_at(self._root / path) != look:
            return
        for seq in seqs:
            place, known = files.place_of(transaction.connection, seq)
            if place is None or known is None:
                continue
            if place != path:
                if look_at(self._root / place) != known:
                    continue
                self._mirror.remove_later(place, known)
            files.note(transaction.connection, seq, path, look)


@dataclass(frozen=True, slots=True)
class _Day:
    """The states that a folder's files hold, in time's order, and how those files looked.

    `loose` of them are not in the archive, which holds `in_archive`, dead ones included.
    """

    states: list[StoredDocument]
    looks: dict[str, Look]
    loose: int
    in_archive: int


def _read_day(connection: Connection, folder: str) -> _Day:
    rows = connection.execute(
        "SELECT seq, path, size, changed_at, inode FROM files WHERE folder = ?", (folder,)
    ).fetchall()
    held = sorted(
        states(connection, [seq for seq, *_ in rows]),
        key=lambda state: (state.timestamp, state.pattern_id),
    )
    noted = connection.execute(
        "SELECT patterns FROM archives WHERE folder = ?", (folder,)
    ).fetchone()
    return _Day(
        held,
        {path: Look(*look) for _, path, *look in rows},
        sum(not is_archive(path) for _, path, *_ in rows),
        noted[0] if noted else 0,
    )


def _archive_of_states(states: Sequence[StoredDocument]) -> bytes:
    return archive_of([state.json for state in states])


def _last_folder(before: int) -> str:
    """The folder before whose day all days have ended at a time."""
    return folder_of(max(before // DAY * DAY, EARLIEST))


def _to_pack(connection: Connection, last: str) -> list[str]:
    rows = connection.execute(_FOLDERS_TO_PACK, {"last": last, "archive": f"/{ARCHIVE}"})
    return [folder for (folder,) in rows]


def _loose_states(connection: Connection, last: str) -> list[tuple[int, int, str, int]]:
    return connection.execute(
        "SELECT p.seq, p.timestamp, p.pattern_type, p.size FROM files f JOIN patterns p USING (seq)"
        f" WHERE f.folder IN ({_FOLDERS_TO_PACK}) AND f.path <> f.folder || :archive"
        " ORDER BY p.seq",
        {"last": last, "archive": f"/{ARCHIVE}"},
    ).fetchall()


def _with_dead(connection: Connection, every: bool) -> list[str]:
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
