"""Archives: the patterns of an old day in one gzip file of many members.

Each member (RFC 1952, section 2.2) holds a block of patterns as JSON lines, so `zcat` prints
them all, and one can be read by unpacking the member it is in and no more.
"""

import gzip
import mmap
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

BLOCK = 64
"""Patterns in a member: enough to compress well, few enough to read one of them fast."""

_GZIP = 16 + zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b\x08"
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A member: the byte it begins at, and its lines; or why it cannot be read."""

    offset: int
    lines: list[bytes]
    problem: str | None = None


def archive_of(documents: Sequence[bytes]) -> bytes:
    """The archive of some JSON texts, each without line feeds."""
    return b"".join(
        gzip.compress(
            b"".join(text + b"\n" for text in documents[start : start + BLOCK]), 9, mtime=0
        )
        for start in range(0, len(documents), BLOCK)
    )


def members_of(archive: Path) -> Iterator[Member]:
    """The members one by one. After a damaged one, the next that can be read is looked for."""
    with archive.open("rb") as file:
        if file.seek(0, 2) == 0:
            yield Member(0, [], "the file is empty")
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            offset = 0
            sound = True
            while 0 <= offset < len(content):
                try:
                    lines, following = _member(content, offset)
                except ValueError as error:
                    if sound:  # one damage is told of once, however many places look like members
                        yield Member(offset, [], str(error))
                    sound = False
                    offset = content.find(_MAGIC, offset + 1)
                else:
                    sound = True
                    yield Member(offset, lines)
                    offset = following


def _member(content: mmap.mmap, offset: int) -> tuple[list[bytes], int]:
    """The lines of a member, and where the next one begins."""
    member = zlib.decompressobj(_GZIP)
    parts = []
    end = offset
    try:
        while not member.eof:
            if not (piece := content[end : end + _PIECE]):
                raise ValueError(f"the member at byte {offset} is cut off")
            parts.append(member.decompress(piece))
            end += len(piece)
    except zlib.error as error:
        raise ValueError(f"the member at byte {offset} is damaged: {error}") from None
    lines = b"".join(parts).splitlines()
    return [line for line in lines if line.strip()], end - len(member.unused_data)
