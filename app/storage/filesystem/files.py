"""What the index knows of the files: which holds which state, and how it looked."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.storage.filesystem.layout import ARCHIVE
from app.storage.index.connections import Connection

TABLES = """
CREATE TABLE IF NOT EXISTS files (
    seq INTEGER PRIMARY KEY,
    folder TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    inode INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS files_by_path ON files (folder, path);
CREATE TABLE IF NOT EXISTS archives (
    folder TEXT PRIMARY KEY,
    patterns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS closed (token TEXT NOT NULL) STRICT;
"""
"""Which file holds the state that a `seq` names, and how that file looked; and how many
patterns, dead ones included, the archive of a folder holds at most. `closed` has the mark of a
clean end, which `store.json` must have too if this index is to be the one that saw it."""

_BLOCK = 4096
"""Bytes that file systems give out at a time."""


@dataclass(frozen=True, slots=True)
class Look:
    """What tells a file from what it was before, without reading it; time in nanoseconds."""

    size: int
    changed_at: int
    inode: int

    @property
    def allocated(self) -> int:
        """The bytes that the file takes of the disk."""
        return -(-self.size // _BLOCK) * _BLOCK


def look_of(status: os.stat_result) -> Look:
    """How a file looks that has this status."""
    return Look(status.st_size, status.st_mtime_ns, status.st_ino)


def look_at(path: Path) -> Look | None:
    """How a file looks now, None where there is none."""
    try:
        return look_of(path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return None


def note(connection: Connection, seq: int, path: str, look: Look) -> None:
    """A file holds the state of a `seq`."""
    connection.execute(
        "INSERT OR REPLACE INTO files (seq, folder, path, size, changed_at, inode)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (seq, folder_in(path), path, look.size, look.changed_at, look.inode),
    )


def note_look(connection: Connection, path: str, look: Look) -> None:
    """A file that was read again holds what it held."""
    connection.execute(
        "UPDATE files SET size = ?, changed_at = ?, inode = ? WHERE folder = ? AND path = ?",
        (look.size, look.changed_at, look.inode, folder_in(path), path),
    )


def note_archive(connection: Connection, folder: str, patterns: int) -> None:
    """The archive of a folder holds at most so many patterns; 0: there is none."""
    connection.execute("DELETE FROM archives WHERE folder = ?", (folder,))
    if patterns:
        connection.execute("INSERT INTO archives VALUES (?, ?)", (folder, patterns))


def forget(connection: Connection, seq: int) -> tuple[str | None, Look | None]:
    """The state of a `seq` is no more; which file held it, and how that looked."""
    place = place_of(connection, seq)
    connection.execute("DELETE FROM files WHERE seq = ?", (seq,))
    return place


def place_of(connection: Connection, seq: int) -> tuple[str | None, Look | None]:
    """Which file holds a state, and how it looked."""
    row = connection.execute(
        "SELECT path, size, changed_at, inode FROM files WHERE seq = ?", (seq,)
    ).fetchone()
    return (None, None) if row is None else (row[0], Look(*row[1:]))


def seqs_in(connection: Connection, paths: Sequence[str], limit: int = -1) -> list[int]:
    """The states that files hold; -1 sets no limit."""
    return [
        seq
        for path in paths
        for (seq,) in connection.execute(
            "SELECT seq FROM files WHERE folder = ? AND path = ? LIMIT ?",
            (folder_in(path), path, limit),
        ).fetchall()
    ]


def patterns_in(connection: Connection, path: str) -> dict[int, str]:
    """The ids of the patterns whose states a file holds, by `seq`."""
    return dict(
        connection.execute(
            "SELECT f.seq, p.pattern_id FROM files f JOIN patterns p USING (seq)"
            " WHERE f.folder = ? AND f.path = ?",
            (folder_in(path), path),
        ).fetchall()
    )


def known_looks(connection: Connection, folder: str) -> dict[str, Look]:
    """The files of a folder that the index knows, and how they looked."""
    rows = connection.execute(
        "SELECT path, size, changed_at, inode FROM files WHERE folder = ? GROUP BY path",
        (folder,),
    )
    return {path: Look(*look) for path, *look in rows}


def known_look(connection: Connection, path: str) -> Look | None:
    """How a file looked, None where the index knows none."""
    row = connection.execute(
        "SELECT size, changed_at, inode FROM files WHERE folder = ? AND path = ?",
        (folder_in(path), path),
    ).fetchone()
    return None if row is None else Look(*row)


def known_folders(connection: Connection) -> set[str]:
    """The folders in which the index knows a file."""
    return {folder for (folder,) in connection.execute("SELECT DISTINCT folder FROM files")}


def allocated_bytes(connection: Connection) -> int:
    """What all known files take of the disk."""
    looks = connection.execute("SELECT size, changed_at, inode FROM files GROUP BY folder, path")
    return sum(Look(*look).allocated for look in looks)


def archived_bytes(connection: Connection) -> tuple[int, int]:
    """The bytes of the documents in archives, and those of the archives themselves."""
    (raw,) = connection.execute(
        "SELECT coalesce(sum(p.size), 0) FROM archives a"
        " JOIN files f ON f.folder = a.folder AND f.path = a.folder || ?"
        " JOIN patterns p USING (seq)",
        (f"/{ARCHIVE}",),
    ).fetchone()
    (packed,) = connection.execute(
        "SELECT coalesce(sum(size), 0) FROM (SELECT max(f.size) AS size FROM archives a"
        " JOIN files f ON f.folder = a.folder AND f.path = a.folder || ? GROUP BY a.folder)",
        (f"/{ARCHIVE}",),
    ).fetchone()
    return raw, packed


def folder_in(path: str) -> str:
    """The folder of a file, the store itself as `.`."""
    return os.path.dirname(path) or "."
