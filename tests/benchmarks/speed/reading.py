"""Reading from large stores: W3, W4, W5 and deep pages."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from http import HTTPStatus
from pathlib import Path

from tests.benchmarks.speed.contestants import Latest, Service
from tests.benchmarks.speed.entries import Entry
from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.questions import TYPES, deep_page, latest, spans, written
from tests.benchmarks.speed.raw import RawReading, agents_of
from tests.benchmarks.speed.rounds import Samples, by_turns
from tests.benchmarks.speed.scale import Scale
from tests.benchmarks.speed.targets import DEEP, FIRST, RAW
from tests.benchmarks.stores import place
from tests.generated import TAGS

Found = Iterator[tuple[str, Samples]]
"""What was measured, by the keys of `WORKLOADS`; no samples where there is nothing to measure."""


def reading(entries: Sequence[Entry], store: Path, scale: Scale, kept: KeptStores) -> Found:
    """Measure it all; the first entry is this service on the large store."""
    rounds, seconds = scale.rounds, scale.seconds

    def median_times(paths: str) -> dict[str, partial[float]]:
        return {entry.name: partial(_median_ms, entry, paths, seconds) for entry in entries}

    yield "W3 1", by_turns(rounds, median_times("ids"))
    yield (
        "W3 32",
        by_turns(rounds, {entry.name: partial(_rate, entry, seconds) for entry in entries}),
    )
    agents = agents_of(store, kept, scale.patterns)
    with closing(RawReading(place(store, "sqlite"), agents)) as raw:
        bare = partial(raw.latest, latest(), seconds)
        yield "W4", by_turns(rounds, {RAW: lambda: bare() * 1000, **median_times("latest")})
        bare_sums = partial(raw.by_agent, spans(), seconds)
        there = {
            entry.name: partial(_median_ms, entry, "spans", seconds)
            for entry in entries
            if _answers(entry, "spans")
        }
        yield "W5", by_turns(rounds, {RAW: lambda: bare_sums() * 1000, **there})
    yield "deep", by_turns(rounds, _pages(entries[0], seconds))


def _median_ms(entry: Entry, paths: str, seconds: float) -> float:
    return entry.get(paths, 1, seconds).p50 * 1000


def _rate(entry: Entry, seconds: float) -> float:
    return entry.get("ids", 32, seconds).rate


def _answers(entry: Entry, paths: str) -> bool:
    """Whether the contestant has what a file of paths asks for."""
    path = (entry.folder / paths).read_text().splitlines()[0]
    return entry.server.get(path)[0] != HTTPStatus.NOT_FOUND


def _pages(entry: Entry, seconds: float) -> dict[str, partial[float]]:
    """The first pages of queries, and pages far behind."""
    firsts = [Service().latest(Latest(each, TAGS[0], None)) for each in TYPES]
    written(entry.folder / FIRST, firsts)
    written(entry.folder / DEEP, [deep_page(entry.server, first) for first in firsts])
    return {name: partial(_median_ms, entry, name, seconds) for name in (FIRST, DEEP)}
