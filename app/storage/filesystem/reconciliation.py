"""Bringing the index into line with the files, whatever people and failures did to them.

A file that was dropped in is taken up, one that is gone is deleted, one edited by hand is a
new revision. A file that cannot be read is moved aside, never deleted; what the index still
has of it is written anew.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.errors import StorageUnavailable
from app.schemas.json_text import same_json
from app.schemas.records import Record
from app.storage.base import Finding, Repair, Tombstone
from app.storage.filesystem import files
from app.storage.filesystem.adoption import Adoption, forget_missing
from app.storage.filesystem.decisions import mend_decisions, read_decisions
from app.storage.filesystem.durable import write_files
from app.storage.filesystem.files import Look, look_at
from app.storage.filesystem.finding import FoundFile, list_folder, read_found, strange_names
from app.storage.filesystem.layout import QUARANTINE, STORE, is_archive, subfolders
from app.storage.filesystem.mirror import FileMirror
from app.storage.filesystem.tombstones import (
    read_tombstones,
    unreadable_lines,
    write_tombstones,
)
from app.storage.index import journal
from app.storage.index.connections import Connection
from app.storage.index.meta import numbers_of
from app.storage.index.readers import Readers
from app.storage.index.transaction import Transaction
from app.storage.index.writer import Writer

STEP = 200
"""Files, or patterns of an archive, taken up in one transaction."""

_ROTTEN = "differs from the index, though nobody has written to it"

_SETTLED = 2_000_000_000
"""Nanoseconds after which a file that cannot be read is not one still being copied there."""


class Reconciliation:
    """Compares a store's files with its index, folder by folder, and mends the index."""

    def __init__(self, root: Path, readers: Readers, writer: Writer, mirror: FileMirror) -> None:
        self._root = root
        self._readers = readers
        self._writer = writer
        self._mirror = mirror
        self._taken_up = 0

    async def run(
        self, on_progress: Callable[[int, int], None], *, trusted: bool, thorough: bool = False
    ) -> Repair:
        """Do it all; `on_progress` hears of folders done and in total.

        For `trusted` see `Adoption`. A `thorough` one reads also files that look unchanged.
        Files may be moved from one folder to another; so what is missing is deleted only when
        all folders have been seen.
        """
        self._require_store()
        self._taken_up = 0
        if not trusted or thorough:
            await self._take_tombstones(trusted)
            await self._take_decisions()
        folders = set(await asyncio.to_thread(subfolders, self._root))
        folders |= await self._readers.run_unready(files.known_folders)
        findings: list[Finding] = []
        missing: list[str] = []
        deleted = 0
        for done, folder in enumerate(sorted(folders)):
            on_progress(done, len(folders))
            findings += await self._folder(folder, missing, trusted, thorough)
        for start in range(0, len(missing), STEP):
            drop = partial(self._drop, paths=missing[start : start + STEP])
            while number := await self._writer.change_alone(drop):
                deleted += number
        return Repair(self._taken_up, deleted, findings)

    def _require_store(self) -> None:
        """See that the store is there before all that is missing counts as deleted."""
        if not (self._root / STORE).exists():
            raise StorageUnavailable(
                f"{self._root / STORE} is gone. Mount the disk that the store is on, or restore "
                "the file from a backup; without it nothing is compared."
            )

    async def _take_tombstones(self, trusted: bool) -> None:
        """Have the index know the deletions that the file has.

        Those that a `trusted` index knows and the file has not were cut off it: nobody takes back
        a deletion there, but by putting the pattern's file back.
        """
        buried = await asyncio.to_thread(read_tombstones, self._root)
        known, purged = await self._readers.run_unready(_known_tombstones)
        assert self._mirror.store is not None
        numbers = {tombstone.seq for tombstone, _ in buried}
        is_cut = trusted and not known <= numbers
        if is_cut or await asyncio.to_thread(unreadable_lines, self._root) > 0:
            await self._writer.change_alone(self._mend_tombstones)
        elif (known, purged) != (numbers, self._mirror.store.purged_seq):
            await self._writer.change_alone(self._apply_tombstones)

    def _mend_tombstones(self, transaction: Transaction) -> None:
        """Write the file without lines that cannot be read, and with all that the index knows."""
        buried = read_tombstones(self._root)
        numbers = {tombstone.seq for tombstone, _ in buried}
        buried += [
            (Tombstone(pattern_id, seq), at)
            for pattern_id, seq, at in transaction.connection.execute(
                "SELECT pattern_id, seq, deleted_at FROM tombstones"
            )
            if seq not in numbers
        ]
        write_tombstones(self._root, sorted(buried, key=lambda entry: entry[0].seq))
        self._apply_tombstones(transaction)

    def _apply_tombstones(self, transaction: Transaction) -> None:
        assert self._mirror.store is not None
        # Read here, where nobody adds to them.
        buried = read_tombstones(self._root)
        transaction.apply_tombstones(buried, self._mirror.store.purged_seq)
        self._mirror.spare_changed()

    async def _take_decisions(self) -> None:
        decided = await asyncio.to_thread(read_decisions, self._root)
        if decided != await self._readers.run_unready(journal.everything):
            await self._writer.change_alone(self._apply_decisions)

    def _apply_decisions(self, transaction: Transaction) -> None:
        known = journal.everything(transaction.connection)
        transaction.apply_decisions(mend_decisions(self._root, known))

    async def _folder(
        self, folder: str, missing: list[str], trusted: bool, thorough: bool
    ) -> list[Finding]:
        looks = await asyncio.to_thread(list_folder, self._root, folder)
        known = await self._readers.run_unready(partial(files.known_looks, folder=folder))
        missing += [path for path in known if path not in looks]
        fresh = {path: look for path, look in looks.items() if thorough or known.get(path) != look}
        strange = await asyncio.to_thread(strange_names, self._root, folder)
        findings = [Finding(name, "its name is not UTF-8; rename it") for name in strange]
        loose = [path for path in fresh if not is_archive(path)]
        for start in range(0, len(loose), STEP):
            chunk = {path: fresh[path] for path in loose[start : start + STEP]}
            found = await asyncio.to_thread(_read_all, self._root, chunk)
            findings += await self._writer.change_alone(
                partial(self._take_up_files, found=found, trusted=trusted)
            )
        for path in filter(is_archive, fresh):
            findings += await self._archive(path, fresh[path], trusted)
        return findings

    async def _archive(self, path: str, look: Look, trusted: bool) -> list[Finding]:
        """Take up an archive, in steps, since it may hold very many patterns."""
        (file,) = await asyncio.to_thread(_read_all, self._root, {path: look})
        findings: list[Finding] = []
        for start in range(0, len(file.records), STEP):
            records = file.records[start : start + STEP]
            findings += await self._writer.change_alone(
                partial(self._take_up, file=file, records=records, trusted=trusted)
            )
        while self._is_damaged(file) and await self._writer.change_alone(
            partial(self._unpack, path=path)
        ):
            continue
        return findings + await self._writer.change_alone(partial(self._finish, file=file))

    def _take_up_files(
        self, transaction: Transaction, found: Sequence[FoundFile], trusted: bool
    ) -> list[Finding]:
        findings: list[Finding] = []
        for each in found:
            rotten = self._has_rotted(transaction, each)
            file = replace(each, records=[], problem=_ROTTEN) if rotten else each
            findings += self._take_up(transaction, file, file.records, trusted)
            findings += self._finish(transaction, file)
        return findings

    def _has_rotted(self, transaction: Transaction, file: FoundFile) -> bool:
        """Whether a file looks as the index knows it, and holds something else."""
        if files.known_look(transaction.connection, file.path) != file.look:
            return False
        for record in file.records:
            known = transaction.state_of(record.pattern_id)
            if known is None or record.preserved != known.stored:
                return True
            if not same_json(record.content(), known.content()):
                return True
        return False

    def _take_up(
        self, transaction: Transaction, file: FoundFile, records: Sequence[Record], trusted: bool
    ) -> list[Finding]:
        if look_at(self._root / file.path) != file.look:
            return []  # it has changed since it was read; the next run sees to it
        adoption = Adoption(self._root, self._mirror, transaction, trusted=trusted)
        findings = [finding for record in records for finding in adoption.take_up(file, record)]
        self._taken_up += adoption.taken_up
        return findings

    def _finish(self, transaction: Transaction, file: FoundFile) -> list[Finding]:
        """See to a file as a whole, when its patterns are taken up."""
        connection = transaction.connection
        if look_at(self._root / file.path) != file.look:
            return []
        if file.problem is not None and not self._is_damaged(file):
            return [Finding(file.path, file.problem)]
        self._mirror.account(files.known_look(connection, file.path), file.look)
        if file.problem is not None:
            return [self._set_aside(connection, file)]
        if is_archive(file.path):
            folder = files.folder_in(file.path)
            files.note_archive(connection, folder, len(file.records))
        forget_missing(transaction, self._mirror, file)
        files.note_look(connection, file.path, file.look)
        return []

    def _is_damaged(self, file: FoundFile) -> bool:
        """Whether what is wrong with a file is there to stay."""
        settled = time.time_ns() - file.look.changed_at > _SETTLED
        return file.problem is not None and file.readable and settled

    def _unpack(self, transaction: Transaction, path: str) -> bool:
        """Write some patterns of an archive to files of their own; whether there were any."""
        seqs = files.seqs_in(transaction.connection, [path], STEP)
        self._mirror.write_anew(transaction.connection, seqs)
        return bool(seqs)

    def _set_aside(self, connection: Connection, file: FoundFile) -> Finding:
        """Move a damaged file to quarantine, and write anew what the index has of it."""
        target = f"{QUARANTINE}/{file.path.replace('/', '_')[-200:]}"
        content = (self._root / file.path).read_bytes()
        while (self._root / target).exists() and (self._root / target).read_bytes() != content:
            target += "+"
        write_files(self._root, {target: content})
        self._mirror.remove_later(file.path, file.look)
        if is_archive(file.path):
            files.note_archive(connection, files.folder_in(file.path), 0)
        self._mirror.write_anew(connection, files.seqs_in(connection, [file.path]))
        return Finding(file.path, f"{file.problem}; moved to {target}")

    def _drop(self, transaction: Transaction, paths: Sequence[str]) -> int:
        """Delete some patterns of files that are gone; how many."""
        self._require_store()
        gone = [path for path in paths if look_at(self._root / path) is None]
        return transaction.delete(files.seqs_in(transaction.connection, gone, STEP)[:STEP])


def _read_all(root: Path, looks: dict[str, Look]) -> list[FoundFile]:
    return [read_found(root, path, look) for path, look in looks.items()]


def _known_tombstones(connection: Connection) -> tuple[set[int], int]:
    purged = numbers_of(connection)["purged_seq"]
    return {seq for (seq,) in connection.execute("SELECT seq FROM tombstones")}, purged
