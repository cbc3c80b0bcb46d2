"""Giving what is finished its name, so that it is there whole or not at all."""

import os
from pathlib import Path


def put_in_place(finished: Path, target: Path) -> None:
    """Rename a file or a folder on the same disk, durably; what it holds is synced first.

    Of a folder, that is its own entries: files in it must have been synced.
    """
    _sync(finished)
    finished.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
