"""Folders that take more of the disk than what is left in them needs.

A directory of ext4 keeps the blocks of all the entries it ever had: that of a packed day takes
about as much as its archive. So it is replaced by a new one, in a single step: at no moment
does a file miss from its path.
"""

import ctypes
import errno
import logging
import os
import shutil
from pathlib import Path

from app.storage.filesystem.layout import TEMPORARY
from app.storage.folder import sync_folder

_ONE_BLOCK = 4096
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

_libc = ctypes.CDLL(None, use_errno=True)
_log = logging.getLogger(__name__)


def slim(root: Path, folder: str) -> None:
    """Replace a folder by one with the same files that takes a block, if it takes more.

    Files that others put there meanwhile come along. Where the system cannot exchange two
    folders, all stays as it is.
    """
    path = root / folder
    fresh = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        if path.stat().st_size <= _ONE_BLOCK:
            return
        fresh.mkdir()
        for name in os.listdir(path):
            os.link(path / name, fresh / name, follow_symlinks=False)
        _exchange(path, fresh)
    except OSError as error:
        _log.debug("folder not slimmed", extra={"place": folder, "why": str(error)})
    if fresh.exists():
        _dissolve(fresh, path)


def remove_unfinished(root: Path, folder: str) -> None:
    """Remove what a process that was killed had begun to write in a folder."""
    for name in os.listdir(root / folder):
        path = root / folder / name
        if name.startswith(TEMPORARY) and path.is_dir():
            _dissolve(path, path.with_name(name.removeprefix(TEMPORARY)))
        elif name.startswith(TEMPORARY):
            path.unlink(missing_ok=True)


def _dissolve(temporary: Path, path: Path) -> None:
    """Remove a folder; a file that is only there, or is newer there, goes where it belongs.

    First it is made to last which of the two folders is which, and then what is in the other.
    """
    sync_folder(path.parent)
    for name in os.listdir(temporary):
        old, new = temporary / name, path / name
        if not new.exists() or new.stat().st_mtime_ns < old.stat().st_mtime_ns:
            os.replace(old, new)
    sync_folder(path)
    shutil.rmtree(temporary)


def _exchange(one: Path, other: Path) -> None:
    """Have two paths change places: renameat2(2), which Python does not have."""
    if not hasattr(_libc, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    paths = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other))
    if _libc.renameat2(*paths, _RENAME_EXCHANGE):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
