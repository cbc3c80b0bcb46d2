"""How well a grouping agrees with labels, by the pairs of things it puts together.

The pairwise measures of clustering: Manning, Raghavan, Schütze, Introduction to Information
Retrieval, chapter 16.3.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Pairs of one label, pairs of one group, and those that are both."""

    labelled: int
    grouped: int
    both: int

    @property
    def precision(self) -> float:
        """Of the pairs in one group, those that belong together."""
        return self.both / self.grouped if self.grouped else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs that belong together, those in one group."""
        return self.both / self.labelled if self.labelled else 1.0

    def f_score(self, beta: float = 1.0) -> float:
        """Both in one; below 1, `beta` makes wrongly merged worse than wrongly apart."""
        weight = beta * beta
        below = weight * self.precision + self.recall
        return (1 + weight) * self.precision * self.recall / below if below else 0.0


def pair_counts(labels: Sequence[Hashable], groups: Sequence[Hashable]) -> PairCounts:
    """Compare what each thing is labelled with the group it was put in."""
    together = zip(labels, groups, strict=True)
    return PairCounts(_pairs(labels), _pairs(groups), _pairs(together))


def _pairs(keys: Iterable[Hashable]) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(keys).values())
