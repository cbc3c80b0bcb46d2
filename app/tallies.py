"""What is counted at each write, put into Prometheus' form when it is asked for.

The library's own metrics take a lock for each number. These are of the event loop's thread alone.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector


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
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        buckets = [*zip(names, accumulate(self._buckets), strict=True)]
        family = HistogramMetricFamily(*self._told)
        family.add_metric((), buckets, self._sum)
        yield family
