"""Where a corrected text differs from the original one, token by token."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

from app.learning.corrections.tokens import spaced_tokens_of, style_of, tokens_of

MOST_DIFFERENCES = 4

_NEAR = 3
"""Changes with no more than this many equal tokens between them are one."""

_MOST_COMPARED = 3000


class Difference(NamedTuple):
    """Tokens of one text in place of some of the other: from and up to which, in each.

    Equal `key`s: the same was replaced by the same, apart from numbers. `styled`: names were only
    written in another style, whatever names they are.
    """

    before: slice
    after: slice
    key: int
    styled: bool


class Change(NamedTuple):
    """A difference as people read it, and its key."""

    key: int
    removed: str
    added: str


def differences(before: Sequence[str], after: Sequence[str]) -> list[Difference]:
    """The first differences of two texts' tokens, each key once."""
    found: dict[int, Difference] = {}
    for place, other in _joined(_differing(before, after)):
        removed, added = before[place], after[other]
        styled = _restyled(removed, added)
        key = _key(removed, added, styled)
        found.setdefault(key, Difference(place, other, key, styled))
        if len(found) == MOST_DIFFERENCES:
            break
    return list(found.values())


def changes_of(original: str, corrected: str) -> list[Change]:
    """The differences of two texts."""
    spaced = spaced_tokens_of(original), spaced_tokens_of(corrected)
    return [
        Change(
            found.key,
            "".join(spaced[0][found.before]).strip(),
            "".join(spaced[1][found.after]).strip(),
        )
        for found in differences(tokens_of(original), tokens_of(corrected))
    ]


def _joined(places: Iterable[tuple[slice, slice]]) -> Iterator[tuple[slice, slice]]:
    """The same places, those near each other taken as one."""
    last: tuple[slice, slice] | None = None
    for before, after in places:
        if last is not None and before.start - last[0].stop <= _NEAR:
            last = slice(last[0].start, before.stop), slice(last[1].start, after.stop)
        else:
            if last is not None:
                yield last
            last = before, after
    if last is not None:
        yield last


def _differing(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[slice, slice]]:
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - many stores have no corrections

    lead = 0
    for left, right in zip(before, after, strict=False):
        if left != right:
            break
        lead += 1
    compared = before[lead : lead + _MOST_COMPARED], after[lead : lead + _MOST_COMPARED]
    start = other = lead
    for block in Indel.editops(*compared).as_matching_blocks():  # the last is empty, at the ends
        if block.a + lead > start or block.b + lead > other:
            yield slice(start, block.a + lead), slice(other, block.b + lead)
        start, other = block.a + block.size + lead, block.b + block.size + lead


def _restyled(removed: Sequence[str], added: Sequence[str]) -> bool:
    """Whether names are the same in another style."""
    return len(removed) == len(added) and all(
        left.replace("_", "").lower() == right.replace("_", "").lower()
        and style_of(left) != style_of(right)
        for left, right in zip(removed, added, strict=True)
    )


def _key(removed: Sequence[str], added: Sequence[str], styled: bool) -> int:
    sides = [
        [f"style {style_of(word)}" if styled else "0" if word.isdigit() else word for word in words]
        for words in (removed, added)
    ]
    text = "\0\0".join("\0".join(words) for words in sides).encode("utf-8", "surrogatepass")
    return crc32(text) << 32 | crc32(text[::-1])
