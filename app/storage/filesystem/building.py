"""A tree of files made from a snapshot, and a snapshot freed of what is said of such files.

A snapshot becomes the index of the new tree, so that it keeps also what files do not say: the
hashes by which retries are known. Old days are written as single files, and are packed by the
next compression.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from app.storage.base import Tombstone
from app.storage.filesystem.decisions import write_decisions
from app.storage.filesystem.files import TABLES
from app.storage.filesystem.index_file import mark_end
from app.storage.filesystem.layout import INDEX
from app.storage.filesystem.mirror import FileMirror
from app.storage.filesystem.store_file import read_store_file
from app.storage.filesystem.tombstones import write_tombstones
from app.storage.folder import sync_folder
from app.storage.index import journal
from app.storage.index.connections import Connection, connect_writer
from app.storage.index.meta import numbers_of

STEP = 500
"""Files written in one step."""

STEP_BYTES = 16 * 1024 * 1024
"""Bytes of their documents, unless it is one."""


def build_tree(root: Path, snapshot: Path) -> Iterator[int]:
    """Make a store in a new folder, with the snapshot as its index.

    Yields after each step how many patterns it has written.
    """
    (root / INDEX).mkdir(parents=True)
    index = snapshot.replace(root / INDEX / "index.db")
    with closing(connect_writer(index, "normal")) as connection:
        connection.executescript(TABLES)
        mirror = FileMirror(root)
        for seqs in _steps(connection):
            connection.execute("BEGIN IMMEDIATE")
            mirror.write_anew(connection, seqs)
            connection.execute("COMMIT")
            mirror.committed()
            yield len(seqs)
        _write_rest(root, connection)
    sync_folder(root / INDEX)


def without_files(snapshot: Path) -> None:
    """Take out of a snapshot which files held its patterns, which means nothing elsewhere."""
    with closing(sqlite3.connect(snapshot, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for table in ("files", "archives", "closed"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.execute("PRAGMA incremental_vacuum").fetchall()


def _steps(connection: Connection) -> Iterator[list[int]]:
    after = 0
    while rows := connection.execute(
        "SELECT seq, size FROM patterns WHERE seq > ? ORDER BY seq LIMIT ?", (after, STEP)
    ).fetchall():
        seqs: list[int] = []
        total = 0
        for seq, size in rows:
            total += size
            if seqs and total > STEP_BYTES:
                break
            seqs.append(seq)
        yield seqs
        after = seqs[-1]


def _write_rest(root: Path, connection: Connection) -> None:
    """Write what a store has beside its patterns, as a clean end leaves it."""
    buried = connection.execute("SELECT pattern_id, seq, deleted_at FROM tombstones ORDER BY seq")
    write_tombstones(root, [(Tombstone(name, seq), at) for name, seq, at in buried])
    write_decisions(root, journal.everything(connection))
    meta = numbers_of(connection)
    store = read_store_file(root)
    store.reserve(meta["last_seq"])
    store.note_purged(meta["purged_seq"])
    replace(store, closed=mark_end(connection)).write()
