"""The requests that were answered, counted for Prometheus.

The library's own metrics take a lock for each number of each request, which was a twentieth of
what reading a pattern takes. These are of the event loop's thread alone, and are put into the
library's form when they are asked for.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app.tallies import buckets_of


@dataclass(slots=True)
class _Counted:
    """Requests by the bucket that their time falls in, and the sum of their times."""

    buckets: list[int]
    seconds: float = 0.0


class AnsweredRequests(Collector):
    """Their number by method, route and status, and their times by method and route.

    `bounds` are the upper bounds of the times' buckets, in seconds and in order.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counted: defaultdict[tuple[str, str, int], _Counted] = defaultdict(self._none)

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one that took so long."""
        counted = self._counted[method, route, status]
        counted.buckets[bisect_left(self._bounds, seconds)] += 1
        counted.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """Both metrics, as Prometheus is told of them."""
        requests = CounterMetricFamily(
            "pattern_store_requests", "Requests answered.", labels=("method", "route", "status")
        )
        times: defaultdict[tuple[str, str], _Counted] = defaultdict(self._none)
        for (method, route, status), counted in self._counted.items():
            requests.add_metric((method, route, str(status)), sum(counted.buckets))
            sums = times[method, route]
            sums.buckets = [a + b for a, b in zip(sums.buckets, counted.buckets, strict=True)]
            sums.seconds += counted.seconds
        seconds = HistogramMetricFamily(
            "pattern_store_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            labels=("method", "route"),
        )
        for labels, sums in times.items():
            seconds.add_metric(labels, buckets_of(self._bounds, sums.buckets), sums.seconds)
        yield requests
        yield seconds

    def _none(self) -> _Counted:
        return _Counted([0] * (len(self._bounds) + 1))
