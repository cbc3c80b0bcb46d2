"""Which changes are asked for again and again.

Two corrections ask the same where their differences have the same key, or are made of nearly the
same words: a set similarity (Jaccard) of what was removed and what was added.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

from app.learning.corrections.hunks import Hunk

NEARLY_SAME = 0.6
"""How much of all their words two changes have in common that ask the same."""

_FEWEST_WORDS = 6
"""What has fewer is the same or is not."""

_MOST_SHARING = 100
"""A word that more changes have leads nowhere."""


def recurring(hunks: Mapping[int, Sequence[Hunk]], least: int) -> list[tuple[int, list[int]]]:
    """Of corrections by number, those that ask the same, at least so many; the most first.

    With each list, in ascending order, the key of what the last of it asks. A correction that
    asks several things may be in several lists.
    """
    words: dict[int, frozenset[int]] = {}
    for asked in hunks.values():
        for hunk in asked:
            words.setdefault(hunk.key, _words_of(hunk))
    first = _first_of(words)
    together: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for number in sorted(hunks):
        for hunk in hunks[number]:
            together[first(hunk.key)][number] = hunk.key
    lists = [
        (next(reversed(keys.values())), [*keys]) for keys in together.values() if len(keys) >= least
    ]
    return sorted(lists, key=lambda found: (-len(found[1]), -found[1][-1], found[0]))


def _words_of(hunk: Hunk) -> frozenset[int]:
    """What was removed and what was added, told apart by their signs."""
    return frozenset(hunk.before.changed()) | frozenset(~word for word in hunk.after.changed())


def _first_of(words: Mapping[int, frozenset[int]]) -> Callable[[int], int]:
    """What leads from a key to one that stands for it and for all that are nearly the same.

    Whatever is linked is one, as in single-linkage clustering.
    """
    leader = {key: key for key in words}

    def first(key: int) -> int:
        while leader[key] != key:
            leader[key] = key = leader[leader[key]]
        return key

    for left, right in _alike(words):
        low, high = sorted((first(left), first(right)))
        leader[high] = low
    return first


def _alike(words: Mapping[int, frozenset[int]]) -> list[tuple[int, int]]:
    """The pairs of keys whose words are nearly the same."""
    having: defaultdict[int, list[int]] = defaultdict(list)
    for key, held in words.items():
        if len(held) >= _FEWEST_WORDS:
            for word in held:
                having[word].append(key)
    shared: Counter[tuple[int, int]] = Counter()
    for keys in having.values():
        if len(keys) <= _MOST_SHARING:
            shared.update(combinations(sorted(keys), 2))
    return [
        (left, right)
        for (left, right), number in shared.items()
        if number >= 2
        and len(words[left] & words[right]) >= NEARLY_SAME * len(words[left] | words[right])
    ]
