"""Folders, and names in them, that outlive a power failure."""

import os
from contextlib import suppress
from pathlib import Path


def make_folder(path: Path) -> None:
    """Make a folder, with those above it, where it is missing."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        sync_folder(folder.parent)


def put_in_place(finished: Path, target: Path) -> None:
    """Give a file or a folder its name, on the same disk, so that it is there whole or not at all.

    What it holds is synced first; of a folder, its own entries: files in it must have been.
    """
    _sync(finished)
    finished.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder last; nothing where it is gone."""
    with suppress(FileNotFoundError):
        _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
