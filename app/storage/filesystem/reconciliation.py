"""Bringing the index into line with the files, whatever people and failures did to them.

The files are the truth: one dropped in is taken up, one that is gone is deleted, one edited by
hand is a new revision. A file that cannot be read is moved aside, never deleted; where the
index still has what it held, that is written anew.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from app.schemas.records import Record, StoredDocument
from app.storage.base import Finding
from app.storage.filesystem.durable import make_folder, sync_folder, write_files
from app.storage.filesystem.finding import FoundFile, list_folder, read_found
from app.storage.filesystem.layout import QUARANTINE, is_archive, path_of, subfolders
from app.storage.filesystem.mirror import FileMirror, Look, file_content, look_at
from app.storage.filesystem.tombstones import read_tombstones
from app.storage.index.connections import Connection, Readers
from app.storage.index.reading import by_seq
from app.storage.index.transaction import Transaction
from app.storage.index.writer import Writer

STEP = 200
"""Files taken up in one transaction."""


class Reconciliation:
    """Compares a store's files with its index, folder by folder, and mends the index."""

    def __init__(self, root: Path, readers: Readers, writer: Writer, mirror: FileMirror) -> None:
        self._root = root
        self._readers = readers
        self._writer = writer
        self._mirror = mirror

    async def run(self, on_progress: Callable[[int, int], None]) -> list[Finding]:
        """Do it all; `on_progress` hears of folders done and in total. What was wrong."""
        await self._take_tombstones()
        folders = set(await asyncio.to_thread(self.folders))
        folders |= await self._readers.run_unready(_known_folders)
        findings: list[Finding] = []
        for done, folder in enumerate(sorted(folders)):
            on_progress(done, len(folders))
            findings += await self._folder(folder)
        return findings

    def folders(self) -> list[str]:
        """The folders there are, relative to the store."""
        return subfolders(self._root)

    async def _take_tombstones(self) -> None:
        buried = await asyncio.to_thread(read_tombstones, self._root)
        assert self._mirror.store is not None
        purged = self._mirror.store.purged_seq
        known = await self._readers.run_unready(_known_tombstones)
        if known != {tombstone.seq for tombstone, _ in buried}:
            await self._writer.change_unready(
                lambda transaction: transaction.apply_tombstones(buried, purged)
            )

    async def _folder(self, folder: str) -> list[Finding]:
        looks = await asyncio.to_thread(_looks, self._root, folder)
        known = await self._readers.run_unready(partial(_known_looks, folder=folder))
        fresh = [path for path, look in looks.items() if known.get(path) != look]
        findings: list[Finding] = []
        for start in range(0, len(fresh), STEP):
            found = await asyncio.to_thread(
                _read_all, self._root, {path: looks[path] for path in fresh[start : start + STEP]}
            )
            findings += await self._writer.change_unready(partial(self._take_up, found=found))
        gone = [path for path in known if path not in looks]
        if gone:
            await self._writer.change_unready(partial(self._drop, paths=gone))
        return findings

    def _take_up(self, transaction: Transaction, found: Iterable[FoundFile]) -> list[Finding]:
        findings: list[Finding] = []
        for file in found:
            if look_at(self._root / file.path) != file.look:
                continue  # it has changed since it was read; the next run sees to it
            for record in file.records:
                findings += self._take_up_pattern(transaction, file, record)
            if file.problem is not None:
                findings.append(Finding(file.path, file.problem))
                self._set_aside(transaction.connection, file.path)
            else:
                if is_archive(file.path):
                    folder = os.path.dirname(file.path)
                    self._mirror.note_archive(transaction.connection, folder, len(file.records))
                _renew_look(transaction.connection, file)
        return findings

    def _take_up_pattern(
        self, transaction: Transaction, file: FoundFile, record: Record
    ) -> list[Finding]:
        current = transaction.state_of(record.pattern_id)
        if current is None:
            if _was_deleted(transaction.connection, record):
                if not is_archive(file.path):
                    self._mirror.remove_later(file.path)
                return []
            self._adopt(transaction, file, record, None)
            return []
        place = _path_of_seq(transaction.connection, current.stored.seq)
        elsewhere = place not in (None, file.path) and (self._root / str(place)).exists()
        if record.preserved == current.stored and record.document == current.document:
            if not elsewhere or (is_archive(str(place)) and not is_archive(file.path)):
                self._mirror.note(transaction.connection, current.stored.seq, file.path, file.look)
                return []
        elif not elsewhere:
            self._adopt(transaction, file, record, current)
            return []
        elif _is_later(record, current):
            self._adopt(transaction, file, record, current)
            self._mirror.spare(str(place))
            return [Finding(str(place), f"an older twin of {file.path}")]
        if is_archive(file.path):
            return []  # the loose file beside an archive supersedes what the archive has
        return [Finding(file.path, f"a twin of {place}, which counts")]

    def _adopt(
        self,
        transaction: Transaction,
        file: FoundFile,
        record: Record,
        current: StoredDocument | None,
    ) -> None:
        """Take a file's pattern up; under a number of its own where it has none that can be."""
        stored = transaction.adopt(record, instead_of=current)
        if stored == record.preserved:
            self._mirror.held_by(transaction.connection, stored.seq, file.path, file.look)
            self._mirror.spare(file.path)
        elif not is_archive(file.path):
            path = path_of(record.pattern_id, record.pattern_type, record.timestamp)
            if path != file.path:
                self._mirror.remove_later(file.path)

    def _drop(self, transaction: Transaction, paths: Sequence[str]) -> None:
        """Delete the patterns of files that are gone."""
        gone = [path for path in paths if look_at(self._root / path) is None]
        transaction.delete(_seqs_of_paths(transaction.connection, gone))

    def _set_aside(self, connection: Connection, path: str) -> None:
        """Move a damaged file to quarantine, and write anew what the index has of it."""
        make_folder(self._root, QUARANTINE)
        target = self._root / QUARANTINE / path.replace("/", "_")
        while target.exists():
            target = target.with_name(f"{target.name}+")
        os.replace(self._root / path, target)
        sync_folder(target.parent)
        sync_folder((self._root / path).parent)
        for seq in _seqs_of_paths(connection, [path]):
            self._write_anew(connection, seq)

    def _write_anew(self, connection: Connection, seq: int) -> None:
        state = by_seq(connection, seq)
        path = path_of(state.pattern_id, state.pattern_type, state.timestamp)
        write_files(self._root, {path: file_content(state.document, state.stored)})
        look = look_at(self._root / path)
        assert look is not None
        self._mirror.note(connection, seq, path, look)


def _looks(root: Path, folder: str) -> dict[str, Look]:
    return list_folder(root, folder) if (root / folder).is_dir() else {}


def _read_all(root: Path, looks: dict[str, Look]) -> list[FoundFile]:
    return [read_found(root, path, look) for path, look in looks.items()]


def _is_later(record: Record, current: StoredDocument) -> bool:
    stored = record.preserved
    return stored is not None and (stored.revision, stored.seq) > (
        current.stored.revision,
        current.stored.seq,
    )


def _was_deleted(connection: Connection, record: Record) -> bool:
    """Whether this is what a deletion left: a tombstone later than the file."""
    if record.preserved is None:
        return False
    (buried,) = connection.execute(
        "SELECT max(seq) FROM tombstones WHERE pattern_id = ?", (record.pattern_id,)
    ).fetchone()
    return buried is not None and buried > record.preserved.seq


def _known_folders(connection: Connection) -> set[str]:
    return {folder for (folder,) in connection.execute("SELECT DISTINCT folder FROM files")}


def _known_tombstones(connection: Connection) -> set[int]:
    return {seq for (seq,) in connection.execute("SELECT seq FROM tombstones")}


def _known_looks(connection: Connection, folder: str) -> dict[str, Look]:
    rows = connection.execute(
        "SELECT path, size, changed_at, inode FROM files WHERE folder = ?", (folder,)
    )
    return {path: Look(*look) for path, *look in rows}


def _path_of_seq(connection: Connection, seq: int) -> str | None:
    row = connection.execute("SELECT path FROM files WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else row[0]


def _seqs_of_paths(connection: Connection, paths: Sequence[str]) -> list[int]:
    return [
        seq
        for path in paths
        for (seq,) in connection.execute(
            "SELECT seq FROM files WHERE folder = ? AND path = ?",
            (os.path.dirname(path) or ".", path),
        ).fetchall()
    ]


def _renew_look(connection: Connection, file: FoundFile) -> None:
    """Note how a file looks that was read again and found to hold what it held."""
    connection.execute(
        "UPDATE files SET size = ?, changed_at = ?, inode = ? WHERE folder = ? AND path = ?",
        (
            file.look.size,
            file.look.changed_at,
            file.look.inode,
            os.path.dirname(file.path) or ".",
            file.path,
        ),
    )
