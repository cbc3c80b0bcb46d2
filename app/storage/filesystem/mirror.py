"""Keeping each change as a file, before the index commits it."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import to_json

from app.schemas.json_text import read_json
from app.schemas.records import Provenance, Record, StoredDocument, with_provenance
from app.storage.base import Tombstone
from app.storage.filesystem.durable import remove_files, write_files
from app.storage.filesystem.layout import is_archive, path_of
from app.storage.filesystem.store_file import StoreFile
from app.storage.filesystem.tombstones import append_tombstones
from app.storage.index.connections import Connection
from app.storage.index.mirror import Mirror

FILES = """
CREATE TABLE IF NOT EXISTS files (
    seq INTEGER PRIMARY KEY,
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    inode INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS archives (
    folder TEXT PRIMARY KEY,
    patterns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS closed (token TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS files_by_path ON files (folder, path);
"""
"""Which file holds the state that a `seq` names, and how that file looked; and how many
patterns, dead ones included, the archive of a folder holds. `closed` has the mark of a clean
end, which `store.json` must have too if this index is to be the one that saw it."""

_BLOCK = 4096
"""Bytes that file systems give out at a time."""


@dataclass(frozen=True, slots=True)
class Look:
    """What tells a file from what it was before, without reading it."""

    size: int
    changed_at: int
    inode: int


def look_at(path: Path) -> Look | None:
    """How a file looks now, None where there is none."""
    try:
        status = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return Look(status.st_size, status.st_mtime_ns, status.st_ino)


def _blocks(look: Look) -> int:
    return -(-look.size // _BLOCK) * _BLOCK


def file_content(document: bytes, stored: Provenance) -> bytes:
    """A pattern as a file holds it: as the API returns it, indented."""
    return to_json(read_json(with_provenance(document, stored)), indent=2) + b"\n"


class FileMirror(Mirror):
    """The files of a store, which are its truth."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._superfluous: list[str] = []
        self._at_hand: set[int] = set()
        self._keeping = False
        self.store: StoreFile | None = None
        self.last_seq = 0
        self.in_doubt = False
        self.allocated_bytes = 0

    def held_by(self, connection: Connection, seq: int, path: str, look: Look) -> None:
        """A file that is there holds the state of a `seq`, which need not be written."""
        self._at_hand.add(seq)
        self.note(connection, seq, path, look)

    def keep(
        self,
        connection: Connection,
        added: Sequence[tuple[Record, Provenance]],
        buried: Sequence[tuple[Tombstone, int]],
    ) -> None:
        seqs = [stored.seq for _, stored in added] + [tombstone.seq for tombstone, _ in buried]
        if not seqs:
            return
        assert self.store is not None
        self.store.reserve(max(seqs))
        self.last_seq = max(self.last_seq, *seqs)
        self._keeping = True
        self._write(connection, added)
        if buried:
            append_tombstones(self._root, buried)

    def let_go(self, connection: Connection, deleted: Sequence[StoredDocument]) -> None:
        for state in deleted:
            self.forget(connection, state.stored.seq)

    def forget(self, connection: Connection, seq: int) -> None:
        """The state of a `seq` is no more; after the commit its file goes, unless shared."""
        row = connection.execute("SELECT path FROM files WHERE seq = ?", (seq,)).fetchone()
        connection.execute("DELETE FROM files WHERE seq = ?", (seq,))
        if row is not None and not is_archive(row[0]):
            self._superfluous.append(row[0])

    def remove_later(self, path: str) -> None:
        """Have a file go after the commit."""
        self._superfluous.append(path)

    def spare(self, path: str) -> None:
        """Have a file stay after all."""
        self._superfluous = [other for other in self._superfluous if other != path]

    def committed(self) -> None:
        superfluous = self._end()
        if superfluous:
            looks = [look for path in superfluous if (look := look_at(self._root / path))]
            remove_files(self._root, superfluous)
            self.allocated_bytes -= sum(map(_blocks, looks))

    def undone(self) -> None:
        self.in_doubt |= self._keeping  # files may be ahead of the index
        self._end()

    def _end(self) -> list[str]:
        superfluous, self._superfluous = self._superfluous, []
        self._at_hand.clear()
        self._keeping = False
        return superfluous

    def count_bytes(self, connection: Connection) -> None:
        """Take stock of the blocks that the files take."""
        looks = connection.execute(
            "SELECT size, changed_at, inode FROM files GROUP BY folder, path"
        )
        self.allocated_bytes = sum(_blocks(Look(*look)) for look in looks)

    def note_archive(self, connection: Connection, folder: str, patterns: int) -> None:
        """The archive of a folder holds so many patterns; 0: there is none."""
        connection.execute("DELETE FROM archives WHERE folder = ?", (folder,))
        if patterns:
            connection.execute("INSERT INTO archives VALUES (?, ?)", (folder, patterns))

    def note(self, connection: Connection, seq: int, path: str, look: Look) -> None:
        """A file holds the state of a `seq`."""
        connection.execute(
            "INSERT OR REPLACE INTO files (seq, folder, path, size, changed_at, inode)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (seq, os.path.dirname(path) or ".", path, look.size, look.changed_at, look.inode),
        )

    def _write(self, connection: Connection, added: Sequence[tuple[Record, Provenance]]) -> None:
        fresh = [
            (path_of(record.pattern_id, record.pattern_type, record.timestamp), record, stored)
            for record, stored in added
            if stored.seq not in self._at_hand
        ]
        write_files(
            self._root,
            {path: file_content(record.document, stored) for path, record, stored in fresh},
        )
        written = {path for path, _, _ in fresh}
        self._superfluous = [path for path in self._superfluous if path not in written]
        for path, _, stored in fresh:
            look = look_at(self._root / path)
            if look is None:
                raise FileNotFoundError(os.strerror(2), path)
            self.note(connection, stored.seq, path, look)
            self.allocated_bytes += _blocks(look)
