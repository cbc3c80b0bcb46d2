"""Archives: the patterns of an old day in one gzip file of many members.

Each member (RFC 1952, section 2.2) holds a block of patterns as JSON lines, so `zcat` prints
them all, and one can be read by unpacking the member it is in and no more.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

BLOCK = 64
"""Patterns in a member: enough to compress well, few enough to read one of them fast."""

_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 64 * 1024


def archive_of(documents: Sequence[bytes]) -> bytes:
    """The archive of some JSON texts, each without line feeds."""
    return b"".join(
        gzip.compress(
            b"".join(text + b"\n" for text in documents[start : start + BLOCK]), 9, mtime=0
        )
        for start in range(0, len(documents), BLOCK)
    )


def members_of(archive: Path) -> Iterator[tuple[int, list[bytes]]]:
    """The members one by one: where each begins, and its lines.

    Raises ValueError at a member that is damaged; those before it have been given by then.
    """
    with archive.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        offset = 0
        while offset < size:
            lines, following = _member(file, offset)
            yield offset, lines
            offset = following


def read_member(archive: Path, offset: int) -> list[bytes]:
    """The lines of the member that begins at an offset. Raises ValueError if it is damaged."""
    with archive.open("rb") as file:
        return _member(file, offset)[0]


def _member(file: BinaryIO, offset: int) -> tuple[list[bytes], int]:
    """The lines of a member, and where the next one begins."""
    file.seek(offset)
    member = zlib.decompressobj(_GZIP)
    parts = []
    end = offset
    try:
        while not member.eof:
            if not (piece := file.read(_PIECE)):
                raise ValueError(f"the member at byte {offset} is cut off")
            parts.append(member.decompress(piece))
            end += len(piece)
    except zlib.error as error:
        raise ValueError(f"the member at byte {offset} is damaged: {error}") from None
    return b"".join(parts).splitlines(), end - len(member.unused_data)
