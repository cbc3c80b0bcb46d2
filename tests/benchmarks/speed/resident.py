"""Stores held in memory while they are measured.

What nobody has used for some seconds the machine below may take from the cache of files, however
much of memory is free. Reading it again, at times that differ from run to run and from store to
store, would then be most of what is measured.
"""

import mmap
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

_LARGE = 1024 * 1024
_LOCKED = 0x2000
"""Linux's MAP_LOCKED, which Python has no name for: see mmap(2)."""


@contextmanager
def resident(folder: Path) -> Iterator[None]:
    """A time in which the large files under a folder are read from memory alone.

    Who may not lock so much of it has them read beforehand, which is nearly as good.
    """
    with ExitStack() as stack:
        for file in folder.rglob("*"):
            if file.is_file() and file.stat().st_size >= _LARGE:
                stack.enter_context(closing(_mapped(file)))
        yield


def _mapped(file: Path) -> mmap.mmap:
    with file.open("rb") as opened:
        for flag in (_LOCKED, mmap.MAP_POPULATE):
            try:
                return mmap.mmap(
                    opened.fileno(), 0, flags=mmap.MAP_SHARED | flag, prot=mmap.PROT_READ
                )
            except OSError as error:
                refused = error
    raise refused
