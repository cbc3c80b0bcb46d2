"""Quantiles of durations, from counts that add up.

After DDSketch (Masson, Rim, Lee: "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
Relative-Error Guarantees", PVLDB 12(12), 2019): durations are counted in buckets that grow
with what they hold, so that one number stands for all of a bucket within a relative error.
Here the buckets are drawn for whole numbers, each as wide as that allows, rather than by a
logarithm: no rounding can break the guarantee, and up to 99 ms each duration has its own.
"""

import struct
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping
from functools import partial

from app.schemas.records import LARGEST_DURATION

_WIDTHS = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""Bytes of a count, and what `struct` calls it."""

Buckets = MutableMapping[int, int]
"""How many durations fell into a bucket, by its number; empty buckets are left out."""


def _bucket_bounds() -> tuple[list[int], list[int]]:
    """The longest duration of each bucket, and the one that stands for all of it, within 1 %."""
    longest, typical = [0], [0]
    while longest[-1] < LARGEST_DURATION:
        shortest = longest[-1] + 1
        typical.append(shortest * 101 // 100)
        longest.append(typical[-1] * 100 // 99)
    return longest, typical


_LONGEST, _TYPICAL = _bucket_bounds()
_bucket = partial(bisect_left, _LONGEST)


def buckets_of(durations: Iterable[int]) -> Counter[int]:
    """The buckets of some durations in milliseconds, from 0 to LARGEST_DURATION."""
    return Counter(map(_bucket, durations))


def percentile(buckets: Mapping[int, int], percent: int) -> int:
    """The shortest duration that at least so many percent are not longer than, within 1 %.

    The buckets hold at least one duration.
    """
    rank = -(-percent * sum(buckets.values()) // 100)
    for bucket in sorted(buckets):
        rank -= buckets[bucket]
        if rank <= 0:
            return _TYPICAL[bucket]
    raise ValueError("not so many durations, or more than 100 percent")


def pack(buckets: Mapping[int, int]) -> bytes:
    """Buckets as bytes: the width of a count, the numbers in order, then the counts."""
    numbers = sorted(buckets)
    most = max(buckets.values(), default=0)
    width, code = next((width, code) for width, code in _WIDTHS.items() if most < 256**width)
    counts = [buckets[number] for number in numbers]
    return struct.pack(f"<B{len(numbers)}H{len(numbers)}{code}", width, *numbers, *counts)


def add_packed(buckets: Buckets, packed: bytes) -> None:
    """Add what `pack` returned to other buckets."""
    width = packed[0]
    number = (len(packed) - 1) // (2 + width)
    entries = struct.unpack_from(f"<{number}H{number}{_WIDTHS[width]}", packed, 1)
    for bucket, count in zip(entries[:number], entries[number:], strict=True):
        buckets[bucket] = buckets.get(bucket, 0) + count
