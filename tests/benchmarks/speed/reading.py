"""Reading from large stores: W3, W4, W5 and deep pages."""

from collections.abc import Iterator, Sequence
from functools import partial
from http import HTTPStatus

from tests.benchmarks.speed import questions
from tests.benchmarks.speed.contestants import Latest, Service
from tests.benchmarks.speed.entries import Entry
from tests.benchmarks.speed.raw import RawReading
from tests.benchmarks.speed.rounds import Samples, Take, by_turns
from tests.benchmarks.speed.scale import Scale
from tests.benchmarks.speed.targets import DEEP, FIRST, RAW
from tests.benchmarks.speed.writing import CONNECTIONS
from tests.generated import TAGS

Found = Iterator[tuple[str, Samples]]


def by_id(entries: Sequence[Entry], scale: Scale) -> Found:
    """W3: the median time of a look-up, and look-ups a second."""
    yield "W3 1", by_turns(scale.rounds, _times(entries, "ids", scale))

    def rate(entry: Entry) -> float:
        return entry.get("ids", CONNECTIONS, scale.seconds).rate

    yield "W3 32", by_turns(scale.rounds, {entry.name: partial(rate, entry) for entry in entries})


def latest(entries: Sequence[Entry], raw: RawReading, scale: Scale) -> Found:
    """W4: the median time of a query, beside that of SQLite alone."""
    asked = questions.latest()

    def bare() -> float:
        return _milliseconds(raw.latest(asked, scale.seconds))

    yield "W4", by_turns(scale.rounds, {RAW: bare, **_times(entries, "latest", scale)})


def by_agent(entries: Sequence[Entry], raw: RawReading, scale: Scale) -> Found:
    """W5: the median time of a summary, of those who have one, beside SQLite with Python."""
    asked = questions.spans()

    def bare() -> float:
        return _milliseconds(raw.by_agent(asked, scale.seconds))

    able = [entry for entry in entries if _answers(entry, "spans")]
    yield "W5", by_turns(scale.rounds, {RAW: bare, **_times(able, "spans", scale)})


def pages(entry: Entry, scale: Scale) -> Found:
    """The median times of first pages of this service, and of pages far behind."""
    firsts = [Service().latest(Latest(each, TAGS[0], None)) for each in questions.TYPES]
    questions.written(entry.folder / FIRST, firsts)
    deep = (questions.deep_page(entry.server, first) for first in firsts)
    questions.written(entry.folder / DEEP, deep)
    takes = {name: partial(_time, entry, name, scale) for name in (FIRST, DEEP)}
    yield "deep", by_turns(scale.rounds, takes)


def _times(entries: Sequence[Entry], paths: str, scale: Scale) -> dict[str, Take]:
    return {entry.name: partial(_time, entry, paths, scale) for entry in entries}


def _time(entry: Entry, paths: str, scale: Scale) -> float:
    return _milliseconds(entry.get(paths, 1, scale.seconds).p50)


def _milliseconds(seconds: float) -> float:
    return seconds * 1000


def _answers(entry: Entry, paths: str) -> bool:
    """Whether the contestant has what a file of paths asks for."""
    path = (entry.folder / paths).read_text().splitlines()[0]
    return entry.server.get(path)[0] != HTTPStatus.NOT_FOUND
