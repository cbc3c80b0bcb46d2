"""What a process takes up over time: samples of it, and whether a curve grows.

A curve grows where two robust measures agree: the slope of Theil and Sen (the median of the
slopes between all pairs of samples; Sen 1968) over the time that is judged, and the median of the
run's last quarter against that of its second. Either alone takes a wave for a rise.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path
from statistics import median

SETTLING = 1 / 6
"""The share of a run, at its beginning, in which anything may grow."""

_BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Measure:
    """What is sampled. It grew if it did so by more than `tolerance`, in its unit, and by more
    than `share` of what it was; None: it is shown and not judged."""

    name: str
    unit: str
    tolerance: float | None = None
    share: float = 0.0


@dataclass(slots=True)
class Curve:
    """The samples of one measure, with their times in seconds since the run began."""

    measure: Measure
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, time: float, value: float) -> None:
        """Note a sample; times go up."""
        self.times.append(time)
        self.values.append(value)

    @property
    def trend(self) -> float:
        """By how much it rose in the time that is judged, by the slope of Theil and Sen."""
        judged = [at for at in self._samples() if at[0] >= self.times[-1] * SETTLING]
        slopes = [(b - a) / (t - s) for (s, a), (t, b) in combinations(judged, 2) if t > s]
        return median(slopes) * (judged[-1][0] - judged[0][0]) if slopes else 0.0

    @property
    def rise(self) -> float:
        """By how much the median of the last quarter is above that of the second."""
        return self.quarter(3) - self.quarter(1)

    @property
    def tolerance(self) -> float | None:
        """What both may come to."""
        if self.measure.tolerance is None:
            return None
        return max(self.measure.tolerance, self.measure.share * self.quarter(1))

    @property
    def grew(self) -> bool:
        """Whether both are beyond the tolerance."""
        return self.tolerance is not None and min(self.trend, self.rise) > self.tolerance

    def quarter(self, number: int) -> float:
        """The median of a quarter of the run, by its number from 0."""
        end = self.times[-1]
        inside = [v for t, v in self._samples() if number * end <= 4 * t <= (number + 1) * end]
        return median(inside or self.values)

    def drawn(self, width: int) -> str:
        """The curve as blocks, from its least value to its greatest."""
        low, high = min(self.values), max(self.values)
        count = min(width, len(self.values))
        cuts = [len(self.values) * place // count for place in range(count + 1)]
        means = [median(self.values[a:b]) for a, b in pairwise(cuts)]
        scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
        return "".join(_BLOCKS[round((value - low) * scale)] for value in means)

    def _samples(self) -> list[tuple[float, float]]:
        return list(zip(self.times, self.values, strict=True))


def table(curves: Sequence[Curve], width: int = 48) -> str:
    """The curves, a line each, with what they are judged by."""
    head = ("", "start", "2nd quarter", "last quarter", "least", "most", "trend", "tolerance")
    rows = [head, *[_row(curve) for curve in curves]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    drawings = ["", *[curve.drawn(width) for curve in curves]]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:]), drawing]).rstrip()
        for row, drawing in zip(rows, drawings, strict=True)
    )


def _row(curve: Curve) -> tuple[str, ...]:
    values = [curve.values[0], curve.quarter(1), curve.quarter(3), *_extremes(curve.values)]
    tolerance = "-" if curve.tolerance is None else f"{curve.tolerance:,.1f}"
    return (
        f"{curve.measure.name}, {curve.measure.unit}" if curve.measure.unit else curve.measure.name,
        *[f"{value:,.1f}" for value in values],
        f"{curve.trend:+,.1f}",
        f"{tolerance}{' GREW' if curve.grew else ''}",
    )


def _extremes(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def memory(pid: int) -> dict[str, int]:
    """The memory of a process in bytes: resident (`Rss`), and its share of it (`Pss`)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    fields = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    return {name: int(fields[name][0]) * 1024 for name in ("Rss", "Pss")}


def descriptors(pid: int) -> int:
    """How many files, sockets and pipes a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid: int) -> int:
    """How many threads a process has."""
    return len(os.listdir(f"/proc/{pid}/task"))
