"""Whether SQLite has taken up all of the log of writes (WAL) that a process left.

After a crash SQLite takes the log up to the first frame that is not whole, and says nothing of
those after it: what a power failure has cut was never acknowledged. But a damaged frame hides
all that follow, however long they have been on the disk. Two things tell the one from the other:

- The index of the log (`-shm`), which outlives the process, counts the frames of finished
  transactions. It is written after they are synced.
- A transaction is begun in the log only when the one before it is synced. So a frame that
  continues a finished transaction, both beyond the first that is not whole, shows that this one
  was acknowledged. Each frame's checksum continues that of the one before it, which tells such a
  sequence from what earlier failed writes have left.

A log that is cut where a transaction ends, with no index beside it, looks whole; so does one
whose header is gone. The formats are those of SQLite's file format, section 4, and of its
wal-index (walformat.html); with `synchronous` NORMAL a power failure looks like damage, and loses
acknowledged writes just the same.
"""

import os
import sys
from pathlib import Path
from struct import unpack, unpack_from
from typing import BinaryIO, NamedTuple

_HEADER = 32
_FRAME_HEADER = 24
_MAGIC = 0x377F0682
_INDEX_HEADER = 48
_WORD = 0xFFFFFFFF
_NONE = bytes(8)
"""The salts in the index of a log whose header nobody could make sense of."""


class WalIndex(NamedTuple):
    """What the index of a log says: its whole frames, those in the database, the log's salts."""

    frames: int
    moved: int
    salts: bytes


class _Frame(NamedTuple):
    """A frame: whether it ends a transaction, and its checksum as it stands there."""

    ends: bool
    salts: bytes
    checksum: tuple[int, int]
    begin: bytes
    page: bytes


def wal_index(database: Path) -> WalIndex | None:
    """The index of a database's log, None where there is none, or it is being written.

    Not to be asked for while this process has the database open: closing the file would take
    all locks on it from SQLite (fcntl), and then whoever opens the database next would cut it.
    """
    descriptor = open_index(database)
    if descriptor is None:
        return None
    try:
        return _read_index(descriptor)
    finally:
        os.close(descriptor)


def open_index(database: Path) -> int | None:
    """A descriptor of the index of a database's log, to be closed when the database is."""
    try:
        return os.open(f"{database}-shm", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def _read_index(descriptor: int) -> WalIndex | None:
    content = os.pread(descriptor, 2 * _INDEX_HEADER + 4, 0)
    one, other = content[:_INDEX_HEADER], content[_INDEX_HEADER : 2 * _INDEX_HEADER]
    if len(content) < 2 * _INDEX_HEADER + 4 or one != other or not one[12]:
        return None
    (frames,) = unpack_from("=I", one, 16)
    (moved,) = unpack_from("=I", content, 2 * _INDEX_HEADER)
    return WalIndex(frames, moved, one[32:40])


def lost_writes(database: Path, before: WalIndex | None, index: int) -> str | None:
    """What of the log was not taken up though it was acknowledged, None if nothing is known of.

    `before` is its index before the database was opened; now it is, and `index` what
    `open_index` gives.
    """
    after = _read_index(index)
    if after is None:
        return None
    try:
        with open(f"{database}-wal", "rb") as file:
            return _Log(file).lost(before, after)
    except FileNotFoundError:
        return None


class _Log:
    """A log as a file, whose `salts` are those that its frames bear now; none: it is empty."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        header = file.read(_HEADER)
        self.salts = self._stated = b""
        self._page_size = 4096
        self._order = "<" if sys.byteorder == "little" else ">"
        self._seed = (0, 0)
        if len(header) < _HEADER:
            return
        self._stated = header[16:24]  # SQLite takes them over before it looks at the checksum
        magic, _, page_size, _, _, _, *checksum = unpack(">8I", header)
        order = "<>"[magic & 1]
        if magic & ~1 == _MAGIC and _continued((0, 0), header[:24], order) == (*checksum,):
            self._page_size, self._order = page_size, order
            self._seed = checksum[0], checksum[1]
            self.salts = self._stated
        elif (first := self._frame(1)) is not None:  # the header is damaged
            self.salts = first.salts

    def lost(self, before: WalIndex | None, after: WalIndex) -> str | None:
        """What is lost of it, by its index before and after it was taken up."""
        whole = after.frames
        said = f"the log of writes is damaged at byte {self._place(whole)}: "
        kept = whole if before is None else max(whole, before.moved)
        if not self.salts or after.salts not in (self.salts, self._stated, _NONE):
            return None  # there is none, or somebody is about to begin it anew
        if before is not None and before.salts == self.salts and before.frames > kept:
            return f"{said}the last {before.frames - kept} of {before.frames} pages are lost"
        if self._goes_on_beyond(whole):
            return f"{said}all that was written after {whole} pages is lost"
        return None

    def _place(self, frames: int) -> int:
        """The byte at which the frame after so many begins."""
        return _HEADER + frames * (_FRAME_HEADER + self._page_size)

    def _goes_on_beyond(self, whole: int) -> bool:
        """Whether frames beyond so many whole ones show that there was more acknowledged."""
        seed = self._seed
        if whole:
            last = self._frame(whole)
            if last is None or last.salts != self.salts:
                return False  # it has been begun anew meanwhile
            seed = last.checksum
        number = whole + 1
        broken = self._frame(number)
        while broken is not None and self._continues(seed, broken):
            # of the transaction that breaks off, or of somebody who writes just now
            seed, number = broken.checksum, number + 1
            broken = self._frame(number)
        previous, break_at = broken, number
        while previous is not None and (frame := self._frame(number := number + 1)) is not None:
            if previous.ends and self._continues(previous.checksum, frame):
                again = self._frame(break_at)  # somebody may have been writing it
                broken_still = again is not None and not self._continues(seed, again)
                return broken_still and previous.salts == self.salts
            previous = frame
        return False

    def _continues(self, seed: tuple[int, int], frame: _Frame) -> bool:
        return (
            frame.salts == self.salts
            and _continued(seed, frame.begin + frame.page, self._order) == frame.checksum
        )

    def _frame(self, number: int) -> _Frame | None:
        """A frame by its number, counted from 1."""
        self._file.seek(self._place(number - 1))
        content = self._file.read(_FRAME_HEADER + self._page_size)
        if len(content) < _FRAME_HEADER + self._page_size:
            return None
        _, size, _, _, one, two = unpack_from(">6I", content)
        return _Frame(size != 0, content[8:16], (one, two), content[:8], content[_FRAME_HEADER:])


def _continued(seed: tuple[int, int], content: bytes, order: str) -> tuple[int, int]:
    """The checksum of SQLite's logs, continued over some bytes."""
    words = unpack(f"{order}{len(content) // 4}I", content)
    one, two = seed
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & _WORD
        two = (two + second + one) & _WORD
    return one, two
