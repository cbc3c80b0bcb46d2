"""Keeping each change as a file, before the index commits it."""

import logging
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from pydantic_core import to_json

from app.schemas.json_text import read_json
from app.schemas.records import Provenance, Record, StoredDocument, with_provenance
from app.storage.base import Tombstone
from app.storage.filesystem import files
from app.storage.filesystem.decisions import append_decisions
from app.storage.filesystem.durable import remove_files, truncate, write_files
from app.storage.filesystem.files import Look, look_at
from app.storage.filesystem.layout import DECISIONS, TOMBSTONES, is_archive, path_of
from app.storage.filesystem.store_file import StoreFile
from app.storage.filesystem.tombstones import append_tombstones
from app.storage.index.connections import Connection
from app.storage.index.mirror import Mirror
from app.storage.index.reading import states
from app.storage.learned import Decision

_log = logging.getLogger(__name__)


def file_content(document: bytes, stored: Provenance) -> bytes:
    """A pattern as a file holds it: as the API returns it, indented."""
    return to_json(read_json(with_provenance(document, stored)), indent=2) + b"\n"


class FileMirror(Mirror):
    """The files of a store, which are its truth.

    `in_doubt` says that files and index may differ after a write that failed halfway.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._superfluous: dict[str, Look] = {}
        self._at_hand: set[int] = set()
        self._written: list[str] = []
        self._sizes: dict[str, int] = {}
        self.store: StoreFile | None = None
        self.last_seq = 0
        self.in_doubt = False
        self.allocated_bytes = 0

    def keep(
        self,
        connection: Connection,
        added: Sequence[tuple[Record, Provenance]],
        buried: Sequence[tuple[Tombstone, int]],
        last_seq: int,
    ) -> None:
        assert self.store is not None
        self.store.reserve(last_seq)
        self.last_seq = max(self.last_seq, last_seq)
        self._write(
            connection,
            {
                path_of(record.pattern_id, record.pattern_type, record.timestamp): (
                    record.document,
                    stored,
                )
                for record, stored in added
                if stored.seq not in self._at_hand
            },
        )
        if buried:
            self._note_size(TOMBSTONES)
            append_tombstones(self._root, buried)

    def keep_decisions(self, decisions: Sequence[Decision]) -> None:
        self._note_size(DECISIONS)
        append_decisions(self._root, decisions)

    def let_go(self, connection: Connection, deleted: Sequence[StoredDocument]) -> None:
        for state in deleted:
            path, look = files.forget(connection, state.stored.seq)
            if path is not None and look is not None and not is_archive(path):
                self._superfluous[path] = look

    def held_by(self, connection: Connection, seq: int, path: str, look: Look) -> None:
        """A file that is there holds the state of a `seq`, which need not be written."""
        self._at_hand.add(seq)
        files.note(connection, seq, path, look)

    def remove_later(self, path: str, look: Look) -> None:
        """Have a file go after the commit."""
        self._superfluous[path] = look

    def is_superfluous(self, path: str) -> bool:
        """Whether a file goes after the commit."""
        return path in self._superfluous

    def spare(self, path: str) -> None:
        """Have a file stay after all."""
        self._superfluous.pop(path, None)

    def spare_changed(self) -> None:
        """Have those files stay that are not what the index knows: they may hold other states."""
        for path, look in [*self._superfluous.items()]:
            if look_at(self._root / path) != look:
                self.spare(path)

    def write_anew(self, connection: Connection, seqs: Sequence[int]) -> None:
        """Write states that the index has to the files where they belong."""
        self._write(
            connection,
            {
                path_of(state.pattern_id, state.pattern_type, state.timestamp): (
                    state.document,
                    state.stored,
                )
                for state in states(connection, seqs)
            },
        )

    def account(self, before: Look | None, after: Look | None) -> None:
        """Reckon with a file that has changed."""
        self.allocated_bytes += after.allocated if after is not None else 0
        self.allocated_bytes -= before.allocated if before is not None else 0

    def committed(self) -> None:
        superfluous = self._superfluous
        self._end()
        if not superfluous:
            return
        try:
            remove_files(self._root, superfluous)
        except OSError:
            self.in_doubt = True
            _log.exception("files not removed")
        else:
            for look in superfluous.values():
                self.account(look, None)

    def undone(self, connection: Connection) -> None:
        written, sizes = self._written, self._sizes
        self._end()
        try:
            for path, size in sizes.items():
                truncate(self._root / path, size)
            known = {path: look for path in written if (look := files.known_look(connection, path))}
            replaced = [path for path, look in known.items() if look_at(self._root / path) != look]
            self.write_anew(connection, files.seqs_in(connection, replaced))
            remove_files(self._root, [path for path in written if path not in known])
        except (OSError, sqlite3.Error):
            self.in_doubt = True
            _log.exception("files of a failed write not taken back")
        self._end()

    def _end(self) -> None:
        self._superfluous = {}
        self._at_hand = set()
        self._written = []
        self._sizes = {}

    def _note_size(self, path: str) -> None:
        """Remember how long a file is before an append.

        Where that fails, what it wrote may stay, and must be taken back.
        """
        before = look_at(self._root / path)
        self._sizes[path] = before.size if before is not None else 0

    def _write(self, connection: Connection, contents: dict[str, tuple[bytes, Provenance]]) -> None:
        if not contents:
            return
        before = {path: look_at(self._root / path) for path in contents}
        self._written += contents
        write_files(self._root, {path: file_content(*state) for path, state in contents.items()})
        for path, (_, stored) in contents.items():
            look = look_at(self._root / path)
            if look is None:
                raise FileNotFoundError(2, os.strerror(2), path)
            files.note(connection, stored.seq, path, look)
            self.spare(path)
            self.account(before[path], look)
