"""How much is measured, and for how long."""

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Scale:
    """Patterns in the large store, the small one and the tree of files; rounds and their length.

    Each contestant is measured for `seconds` in each round, `batch_seconds` where it gets
    batches, of which a server takes few a second.
    """

    patterns: int
    few: int
    files: int
    rounds: int
    seconds: float
    batch_seconds: float

    def of(self, patterns: int | None, rounds: int | None, seconds: float | None) -> Self:
        """The same with another number of patterns, or other rounds, where they are given."""
        scale = replace(self, rounds=rounds or self.rounds)
        if seconds is not None:
            scale = replace(scale, seconds=seconds, batch_seconds=seconds)
        if patterns is None:
            return scale
        few, files = min(self.few, 1 + patterns // 10), min(self.files, patterns)
        return replace(scale, patterns=patterns, few=few, files=files)


WHOLE = Scale(1_000_000, few=10_000, files=100_000, rounds=5, seconds=5.0, batch_seconds=5.0)
QUICK = Scale(50_000, few=10_000, files=10_000, rounds=5, seconds=0.25, batch_seconds=0.3)
