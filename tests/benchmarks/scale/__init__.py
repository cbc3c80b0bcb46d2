"""How the service does with 200,000 errors in 5,000 groups: starting, answering, learning more.

The store is built by the service itself, from errors of many applications (`errors`), and kept.
"""

import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median

from tests.benchmarks import stores
from tests.benchmarks.scale.asking import Answered, Connection, answered
from tests.benchmarks.scale.store import Asked, Bodies, built
from tests.benchmarks.speed.contestants import Service
from tests.benchmarks.speed.kept import copied
from tests.benchmarks.speed.processes import Server
from tests.benchmarks.table import Benchmark, Row, milliseconds

_AT_ONCE = 4
_POLL_SECONDS = 0.005
_MEGABYTE = 1e6
_VARIANTS = 1000


async def run(folder: Path, patterns: int) -> AsyncIterator[Row]:
    """Start the service on such a store, and ask and tell it."""
    store, asked = built(folder, patterns)
    questions = [*asked.known, *asked.unknown]
    Random(3).shuffle(questions)
    with tempfile.TemporaryDirectory(dir=folder, prefix="work-") as work:
        for row in _rows(copied(store, Path(work) / "store"), asked, questions, patterns):
            yield row
        groups, variants = await _learned(store)
    yield "groups and variants known", f"{groups:,} and {variants:,}", ""


def _rows(store: Path, asked: Asked, questions: Bodies, patterns: int) -> Iterator[Row]:
    empty = store.parent / "empty"
    empty.mkdir()
    with Service().server(store) as server, Service().server(empty) as without:
        yield from _starting(server, questions[0], patterns)
        loaded = server.memory()
        without.wait_for(Service.ready)
        unlearned = without.memory()
        yield from _answering(server, asked, questions)
        answered(without.port, questions)
        at_start, after = (loaded - unlearned, server.memory() - without.memory())
        yield "memory beyond that of an empty store's service, at start", _megabytes(at_start), ""
        yield "the same, when both were asked", _megabytes(after), "at most 200 MB"
        delays = [*_delays(server, asked.new)]
        middle, longest = milliseconds(median(delays)), milliseconds(max(delays))
        yield "a new error's resolution is told after: middle, longest", f"{middle}, {longest}", (
            "at most 1000 ms"
        )  # fmt: skip


def _starting(server: Server, question: dict[str, object], patterns: int) -> Iterator[Row]:
    """Wait until it answers, and use it all the while."""
    begun = time.perf_counter()
    server.wait_for(Service.ready)
    loaded = threading.Event()
    waited: dict[str, list[float]] = {"GET": [], "POST": []}
    others = threading.Thread(target=_meanwhile, args=(server.port, loaded, waited))
    others.start()
    refused = 0
    try:
        with closing(Connection(server.port)) as connection:
            while connection.resolve(question) is None:
                refused += 1
                time.sleep(_POLL_SECONDS)
        seconds = time.perf_counter() - begun
    finally:
        loaded.set()
        others.join()
    yield f"ready with {patterns:,} errors", f"{server.started_in:.2f} s", ""
    yield f"resolve answers, after {refused} times 503", f"{seconds:.2f} s", "at most 10 s"
    for method, times in waited.items():
        figures = f"{milliseconds(median(times))}, {milliseconds(max(times))}"
        yield f"{len(times)} times {method} until then: middle, longest", figures, ""


def _meanwhile(port: int, loaded: threading.Event, waited: dict[str, list[float]]) -> None:
    """Read and store patterns until all is loaded, and once at least."""
    task = {"task_type": "review", "agent": "developer", "duration_ms": 1, "success": True}
    pattern = {"pattern_type": "task_completion", "data": task}
    with closing(Connection(port)) as connection:
        while not waited["POST"] or not loaded.wait(_POLL_SECONDS):
            begun = time.perf_counter()
            status, body = connection.request("GET", "/v1/patterns/known-0")
            assert status == 200, body
            read = time.perf_counter()
            connection.post("/v1/patterns", pattern)
            waited["GET"].append(read - begun)
            waited["POST"].append(time.perf_counter() - read)


def _answering(server: Server, asked: Asked, questions: Bodies) -> Iterator[Row]:
    alone = answered(server.port, questions)
    yield f"{len(questions):,} questions by 1 connection, p50", *_time(alone, 50, "15 ms")
    yield "the same, p99", *_time(alone, 99, "60 ms")
    together = answered(server.port, questions, _AT_ONCE)
    yield f"the same by {_AT_ONCE} connections at once, p50", *_time(together, 50)
    yield f"the same by {_AT_ONCE} connections at once, p99", *_time(together, 99)
    told = (
        f"{answered(server.port, some).known:,} of {len(some):,} {which}"
        for some, which in ((asked.known, "known"), (asked.unknown, "unknown"))
    )
    yield "questions that were told a group", ", ".join(told), ""


def _delays(server: Server, new: Bodies) -> Iterator[float]:
    """How long it takes from the answer to a POST until its resolution is told."""
    with closing(Connection(server.port)) as connection:
        for pattern in new:
            question = {name: pattern["data"][name] for name in _ERROR}
            connection.post("/v1/patterns", pattern)
            begun = time.perf_counter()
            while not (answer := connection.resolve(question)) or not answer["candidates"]:
                time.sleep(_POLL_SECONDS)
            yield time.perf_counter() - begun


_ERROR = ("error_type", "error_message", "stack_trace")


def _time(answers: Answered, percent: int, target: str = "") -> tuple[str, str]:
    return milliseconds(answers.percentile(percent)), f"at most {target}" if target else ""


def _megabytes(size: float) -> str:
    return f"{size / _MEGABYTE:.0f} MB"


async def _learned(store: Path) -> tuple[int, int]:
    """Groups and variants in a store."""
    groups, variants, after = set(), 0, 0
    async with stores.opened(store, "sqlite") as storage:
        while found := await storage.variants(after=after, limit=_VARIANTS):
            groups |= {each.group_id for each in found}
            variants += len(found)
            after = found[-1].number
    return len(groups), variants


BENCHMARK = Benchmark(("scale", "measured", "target"), run, patterns=200_000, keeps=True)
