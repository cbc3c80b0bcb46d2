"""Measuring by turns, so that what disturbs the machine disturbs everyone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Self

Take = Callable[[], float]
"""Measures once."""

Samples = dict[str, list[float]]
"""What was measured of each, a number a round."""


def by_turns(rounds: int, takes: Mapping[str, Take]) -> Samples:
    """Measure each once a round, in another order each time."""
    samples: Samples = {name: [] for name in takes}
    turns = [*takes]
    for _ in range(rounds):
        for name in turns:
            samples[name].append(takes[name]())
        turns = turns[1:] + turns[:1]
    return samples


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of the rounds, and the least and the most of them."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, numbers: list[float]) -> Self:
        """The spread of some numbers."""
        return cls(median(numbers), min(numbers), max(numbers))


def ratio(samples: Samples, of: str, to: str) -> Spread:
    """How the one stands to the other, compared round by round."""
    return Spread.of([a / b for a, b in zip(samples[of], samples[to], strict=True)])
