"""Writing files so that they survive a power failure, whole or not at all.

A file is written under a temporary name, synced, and renamed; the rename lasts once the
directory is synced (the rules are those of rename(2) and fsync(2) on Linux). Files written
together share the syncs of their directories, and sync side by side.
"""

import errno
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.storage.filesystem.layout import TEMPORARY
from app.storage.folder import sync_folder

_SYNCERS = ThreadPoolExecutor(8, thread_name_prefix="fsync")


def write_files(root: Path, contents: Mapping[str, bytes]) -> None:
    """Write files by their paths relative to a folder, replacing those that are there."""
    folders = {os.path.dirname(path) for path in contents}
    for folder in sorted(folders):
        folders |= _make_folder(root, folder)
    temporary = {path: _temporary(root / path) for path in contents}
    jobs = [_SYNCERS.submit(_write, temporary[path], content) for path, content in contents.items()]
    try:
        for job in jobs:
            job.result()
        for path in contents:
            os.replace(temporary[path], root / path)
    except OSError:
        for job in jobs:
            job.exception()
        for name in temporary.values():
            name.unlink(missing_ok=True)
        raise
    sync_folders(root, folders)


def append_lines(path: Path, lines: bytes) -> None:
    """Add lines to the end of a file.

    A write that stays incomplete is taken back. A line that a power failure has cut is ended
    first, so that it spoils none but itself.
    """
    created = not path.exists()
    with path.open("a+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
            lines = b"\n" + lines
        try:
            _write_all(file.fileno(), lines)
        except OSError:
            os.ftruncate(file.fileno(), size)
            raise
    if created:
        sync_folder(path.parent)


def truncate(path: Path, size: int) -> None:
    """Cut what was added to a file, if it is there."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        os.ftruncate(file.fileno(), size)
        os.fsync(file.fileno())


def _make_folder(root: Path, folder: str) -> set[str]:
    """Make a folder with those above it, up to the root; the folders that have to be synced.

    A root that is gone is not made anew: it may be a disk that is not mounted.
    """
    missing = []
    path = root / folder
    while path != root and not path.is_dir():
        missing.append(path)
        path = path.parent
    for path in reversed(missing):
        try:
            path.mkdir()
        except FileExistsError:
            raise NotADirectoryError(
                errno.ENOTDIR, "stands where a folder should be", str(path)
            ) from None
    return {str(path.parent.relative_to(root)) for path in missing}


def remove_files(root: Path, paths: Iterable[str]) -> None:
    """Remove files, and then folders they leave empty."""
    folders = set()
    for path in paths:
        (root / path).unlink(missing_ok=True)
        folders.add(os.path.dirname(path))
    sync_folders(root, folders)
    for folder in folders:
        _remove_empty(root, folder)


def sync_folders(root: Path, folders: Iterable[str]) -> None:
    """Make renames and removals in folders last."""
    for job in [_SYNCERS.submit(sync_folder, root / folder) for folder in folders]:
        job.result()


def _temporary(path: Path) -> Path:
    return path.with_name(f"{TEMPORARY}{path.name}"[:255])


def _write(path: Path, content: bytes) -> None:
    with path.open("wb", buffering=0) as file:
        _write_all(file.fileno(), content)


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _remove_empty(root: Path, folder: str) -> None:
    while folder:
        try:
            (root / folder).rmdir()
        except OSError:  # not empty, or gone already
            return
        folder = os.path.dirname(folder)
