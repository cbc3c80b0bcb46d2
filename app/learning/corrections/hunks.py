"""What a correction changed: hunks, as of a unified diff, of tokens instead of lines."""

import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from zlib import crc32

from app.learning.corrections.differences import differences
from app.learning.corrections.tokens import Kind, hashes_of, kind_of, tokens_of

VERSION = 3
"""Of what hunks are made of, and how they are packed: those of another are made anew."""

CONTEXT = 8
"""Tokens kept on either side of a change."""

MOST_CHANGED = 40
"""Tokens kept of one side of a change."""

_HEAD = struct.Struct("<Q?BB")
_CHECKSUM_BYTES = 4


class Role(IntEnum):
    """What became of a token: the further from the change, the less it matters."""

    CHANGED = 0
    BESIDE = 1
    NEAR = 2
    FAR = 3


@dataclass(frozen=True, slots=True)
class Side:
    """Tokens of one of the two texts in and around a change: hashes, and of each role and kind."""

    hashes: "array[int]"
    marks: bytes

    def role(self, place: int) -> Role:
        return _ROLES[self.marks[place] >> 4]

    def kind(self, place: int) -> int:
        return self.marks[place] & 15

    def changed(self) -> list[int]:
        """The hashes of the tokens that only this text has there."""
        return [token for token, mark in zip(self.hashes, self.marks, strict=True) if mark < 16]


_ROLES = tuple(Role)


@dataclass(frozen=True, slots=True)
class Hunk:
    """A change with what stood around it; `key` and `styled` are those of a difference."""

    key: int
    styled: bool
    before: Side
    after: Side

    def to_bytes(self) -> bytes:
        """All of it."""
        sides = (self.before, self.after)
        head = _HEAD.pack(self.key, self.styled, *(len(side.marks) for side in sides))
        return head + b"".join(side.hashes.tobytes() + side.marks for side in sides)


def packed(hunks: Iterable[Hunk], *beside: str | None) -> bytes:
    """Hunks, to be kept, after a CRC-32 (RFC 1952, section 8) of them and what is kept `beside`."""
    content = b"".join(hunk.to_bytes() for hunk in hunks)
    return _checksum(content, beside) + content


def unpacked(kept: bytes, *beside: str | None) -> list[Hunk]:
    """Hunks that were packed. Raises ValueError where they, or what is beside them, are damaged."""
    at = _CHECKSUM_BYTES
    if kept[:at] != _checksum(kept[at:], beside):
        raise ValueError("these hunks, or what is beside them, differ from their checksum")
    hunks = []
    while at < len(kept):
        key, styled, *lengths = _HEAD.unpack_from(kept, at)
        at += _HEAD.size
        sides = []
        for length in lengths:
            end = at + 4 * length
            sides.append(Side(array("I", kept[at:end]), kept[end : end + length]))
            at = end + length
        hunks.append(Hunk(key, styled, *sides))
    return hunks


def _checksum(content: bytes, beside: tuple[str | None, ...]) -> bytes:
    return crc32(content, crc32(repr(beside).encode())).to_bytes(_CHECKSUM_BYTES)


def hunks_of(original: str, corrected: str) -> list[Hunk]:
    """The first changes from one text to the other; none where only spaces differ."""
    before, after = tokens_of(original), tokens_of(corrected)
    return [
        Hunk(
            found.key,
            found.styled,
            _side(before, found.before, after[found.after], found.styled),
            _side(after, found.after, before[found.before], found.styled),
        )
        for found in differences(before, after)
    ]


def _side(tokens: Sequence[str], place: slice, other: Iterable[str], styled: bool) -> Side:
    """The tokens of a place and those around it; of a long one its beginning.

    What the other text has in its place as well is not what was changed. That a word has a style
    says little.
    """
    start, end = place.start, min(place.stop, place.start + MOST_CHANGED)
    first = max(0, start - CONTEXT)
    kept = list(tokens[first : end + CONTEXT])
    unmoved = Counter(other)
    marks = bytearray()
    for at, token in enumerate(kept, first):
        role = _role(at, start, end)
        if role is Role.CHANGED and unmoved[token] > 0 and not styled:
            unmoved[token] -= 1
            role = Role.BESIDE
        kind = Kind.COMMON if styled and role is Role.CHANGED else kind_of(token)
        marks.append(role << 4 | kind)
    return Side(array("I", hashes_of(kept, styled=styled)), bytes(marks))


def _role(at: int, start: int, end: int) -> Role:
    if start <= at < end:
        return Role.CHANGED
    distance = start - at if at < start else at - end + 1
    return Role.BESIDE if distance == 1 else Role.NEAR if distance <= 3 else Role.FAR
