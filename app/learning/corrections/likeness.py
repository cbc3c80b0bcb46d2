"""How much a place of an output is like what a correction changed.

Found as BLAST finds sequences (Altschul et al. 1990): seeds, rare words and pairs of tokens in and
around the change, say where in the output it may be; there the two are aligned, once with what
was corrected and once with the correction. What was changed counts more than what stood around
it, and what is rare more than what is common; how rare a token is depends on its kind alone, so
that no score tells what else is stored.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from app.learning.corrections.hunks import Hunk, Role, Side
from app.learning.corrections.tokens import Kind, hashes_of, pair_hashes, tokens_of

MOST_SEEDS = 12
"""Of one hunk."""

_WEIGHTS = (1.0, 0.5, 0.35, 0.15)
"""Of tokens by their roles."""

_AROUND_NOTHING = (1.0, 0.7, 0.7, 0.5)
"""The same where nothing was wrong but that something was missing."""

_RARITY = tuple(-math.log(share) for share in (0.5, 0.2, 0.25, 0.02, 0.003))
"""Of a token by its kind, in nats: the share of texts that are thought to have it."""

_RARE = 3.0
"""What is rarer than this (nats) counts no more when it is missing: many names are local."""

_ALONE = 4.0
"""An equal token with no equal neighbour counts in full if it is as rare as this (nats)."""

_AROUND = 0.25
"""How much of being alike is what stands around; the rest is what was wrong."""

_DOUBT = 3.0
"""So much rarity of what is equal makes half a score (nats)."""

_CORRECTED = 0.9
"""How much of a score the whole correction takes away."""

_MOST_PLACES = 8
_BLOCK = 16
_MARGIN = 8


class Likeness(NamedTuple):
    """How much a place is like a change, as shares from 0 to 1.

    `wrong`: how much of what was corrected it has; `around`: of what stood around that;
    `corrected`: how much of the correction it has already. `score` is made of these and of how
    much it takes to be alike by chance.
    """

    score: float
    wrong: float
    around: float
    corrected: float


def seeds_of(hunk: Hunk) -> dict[int, int]:
    """The features that lead to a hunk, rarest first, and where in its `before` they are."""
    side = hunk.before
    worth: dict[int, tuple[float, int]] = {}
    says = [
        _WEIGHTS[side.role(place)] * _RARITY[side.kind(place)] for place in range(len(side.marks))
    ]
    for place, token in enumerate(side.hashes):
        if side.kind(place) >= Kind.NUMBER and side.role(place) < Role.FAR and not hunk.styled:
            worth.setdefault(token, (says[place], place))
    for place, pair in enumerate(pair_hashes(side.hashes)):
        if min(side.role(place), side.role(place + 1)) < Role.FAR:
            worth.setdefault(pair, (says[place] + says[place + 1], place))
    best = sorted(worth, key=lambda seed: (-worth[seed][0], seed))[:MOST_SEEDS]
    return {seed: worth[seed][1] for seed in best}


class Output:
    """A text that is looked through: its tokens, and where in it seeds are."""

    def __init__(self, text: str, seeds: Set[int]) -> None:
        """`seeds`: those that lead anywhere."""
        tokens = tokens_of(text)
        self._plain = hashes_of(tokens)
        self._styled = hashes_of(tokens, styled=True)
        self.places: dict[int, list[int]] = {}
        for features in self._features():
            for feature in seeds & set(features):
                self.places[feature] = []
            for place, feature in enumerate(features):
                if feature in self.places and len(self.places[feature]) < _MOST_PLACES:
                    self.places[feature].append(place)

    def _features(self) -> Iterator[list[int]]:
        yield self._plain
        yield pair_hashes(self._plain)
        if self._styled != self._plain:
            yield pair_hashes(self._styled)

    def window(self, hunk: Hunk) -> Sequence[int]:
        """The tokens where most of a hunk's seeds are together."""
        votes: Counter[int] = Counter()
        for seed, place in seeds_of(hunk).items():
            for block in {(at - place) // _BLOCK for at in self.places.get(seed, ())}:
                votes[block] += 2
                votes[block + 1] += 1
                votes[block - 1] += 1
        if not votes:
            return ()
        start = min(votes, key=lambda block: (-votes[block], block)) * _BLOCK - _MARGIN
        tokens = self._styled if hunk.styled else self._plain
        return tokens[
            max(0, start) : max(0, start + _BLOCK + len(hunk.before.hashes) + 2 * _MARGIN)
        ]


def likeness(hunk: Hunk, window: Sequence[int]) -> Likeness:
    """How much what stands in a window is like what was changed."""
    missing = not hunk.before.changed()
    before = _Alignment(hunk.before, window, missing=missing)
    after = _Alignment(hunk.after, window)
    around = before.share(Role.BESIDE, Role.NEAR, Role.FAR)
    wrong = around if missing else before.share(Role.CHANGED)
    if hunk.styled:
        wrong *= before.share(Role.BESIDE)  # a style alone is anywhere
    corrected = after.share(Role.CHANGED)
    alike = (1 - _AROUND) * wrong + _AROUND * around
    unlikely = before.rarity / (before.rarity + _DOUBT)
    score = math.cbrt(alike) * unlikely * (1 - _CORRECTED * corrected)
    return Likeness(score, wrong, around, corrected)


class _Alignment:
    """One side of a hunk beside a window: by role, how much it holds and how much of it is there.

    `rarity`: how rare all that is that is there, in nats.
    """

    def __init__(self, side: Side, window: Sequence[int], missing: bool = False) -> None:
        weights = _AROUND_NOTHING if missing else _WEIGHTS
        rarities = [_RARITY[side.kind(place)] for place in range(len(side.marks))]
        self._whole, self._there = [0.0] * len(weights), [0.0] * len(weights)
        self.rarity = 0.0
        for place, equal in enumerate(_equal(side.hashes, window, rarities)):
            role = side.role(place)
            weight = weights[role] * min(rarities[place], _RARE)
            self._whole[role] += weight
            self._there[role] += weight * equal
            self.rarity += weights[role] * rarities[place] * equal

    def share(self, *roles: Role) -> float:
        """How much of the tokens in some roles is there."""
        whole = sum(self._whole[role] for role in roles)
        return sum(self._there[role] for role in roles) / whole if whole else 0.0


def _equal(tokens: Sequence[int], window: Sequence[int], rarities: Sequence[float]) -> list[float]:
    """How much each token counts as found in the window, from 0 to 1."""
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - many stores have no corrections

    found = [0.0] * len(tokens)
    for block in Indel.editops(tokens, window).as_matching_blocks():
        for place in range(block.a, block.a + block.size):
            found[place] = 1.0 if block.size > 1 else min(1.0, rarities[place] / _ALONE)
    return found
