"""What is counted at each write, put into Prometheus' form when it is asked for.

The library's own metrics take a lock for each number. These are of the event loop's thread alone.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


def buckets_of(bounds: Sequence[float], numbers: Sequence[int]) -> list[tuple[str, int]]:
    """A histogram's buckets, of the numbers between upper bounds in their order."""
    names = map(floatToGoString, (*bounds, math.inf))
    return [*zip(names, accumulate(numbers), strict=True)]


class Tally(Collector):
    """Numbers by the values of a label."""

    def __init__(self, name: str, documentation: str, label: str) -> None:
        self._told = name, documentation
        self._label = label
        self.numbers: Counter[str] = Counter()

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The counter that it is."""
        family = CounterMetricFamily(*self._told, labels=(self._label,))
        for value, number in self.numbers.items():
            family.add_metric((value,), number)
        yield family


class Distribution(Collector):
    """How many values fall into each bucket, of upper `bounds` in their order, and their sum."""

    def __init__(self, name: str, documentation: str, bounds: Sequence[float]) -> None:
        self._told = name, documentation
        self._bounds = tuple(bounds)
        self._buckets = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._buckets[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """The histogram that it is."""
        family = HistogramMetricFamily(*self._told)
        family.add_metric((), buckets_of(self._bounds, self._buckets), self._sum)
        yield family
