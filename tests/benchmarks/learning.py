"""What learning costs those who write, and how soon what they wrote is learned."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from app.metrics import Metrics
from app.service import PatternService, RetentionPolicy
from app.service.correction_learner import CorrectionLearner
from app.service.feed import Feed, Follower
from app.service.known_errors import ANALYSIS_VERSION, KnownErrors, analysis
from app.service.learner import Learner
from app.storage.base import Storage
from app.storage.registry import StorageOptions, storage_from
from tests.benchmarks.table import Benchmark, Row, milliseconds
from tests.generated import generated
from tests.patterns import real_errors

BATCH = 250
ROUNDS = 5
SINGLE = 20

Patterns = list[dict[str, Any]]


async def run(folder: Path, patterns: int) -> AsyncIterator[Row]:
    """Store errors, and patterns of all types, with and without learning in turns."""
    errors = real_errors()
    kinds: dict[str, Callable[[int], Patterns]] = {
        "real errors": lambda number: [errors[place % len(errors)] for place in range(number)],
        "generated patterns": lambda number: [*generated(number)],
    }
    for name, make in kinds.items():
        async for row in _rates(folder / name.split()[0], name, make(patterns // ROUNDS)):
            yield row
    yield await _delay(folder / "delay", errors)


async def _rates(folder: Path, name: str, some: Patterns) -> AsyncIterator[Row]:
    rates: dict[bool, list[float]] = {False: [], True: []}
    drained = []
    for number in range(ROUNDS):
        for learning in (False, True) if number % 2 else (True, False):
            storage = await _opened(folder / f"{number}{learning}.db")
            feed = Feed(storage, _followers(storage) if learning else [])
            feed.start()
            begun = time.perf_counter()
            await _store(storage, some)
            stored = time.perf_counter()
            rates[learning].append(len(some) / (stored - begun))
            await feed.caught_up(3600)
            drained.append(time.perf_counter() - stored)
            await feed.stop()
            await storage.close()
    for learning, samples in rates.items():
        beside = "learned beside" if learning else "not learned"
        yield f"{name} a second, {beside}", f"{statistics.median(samples):,.0f}", ""
    shares = [one / other for one, other in zip(rates[True], rates[False], strict=True)]
    yield f"{name}, learned to not", f"{statistics.median(shares):.2f}", "at least 0.85"
    yield f"the last of {len(some):,} is learned after", milliseconds(max(drained)), ""


async def _delay(folder: Path, errors: Patterns) -> Row:
    """How long single errors take to be learned where little else happens."""
    storage = await _opened(folder / "store.db")
    feed = Feed(storage, _followers(storage))
    feed.start()
    delays = []
    for number in range(SINGLE):
        await _store(storage, [errors[number % len(errors)]])
        stored, seq = time.perf_counter(), (await storage.summary(0)).last_seq
        while (learning := await storage.learning()) is None or learning.through < seq:
            await asyncio.sleep(0.005)
        delays.append(time.perf_counter() - stored)
    await feed.stop()
    await storage.close()
    name = "an error is learned after: middle, longest"
    measured = f"{milliseconds(statistics.median(delays))}, {milliseconds(max(delays))}"
    return name, measured, "at most 1000 ms"


def _followers(storage: Storage) -> list[Follower]:
    """Those that the service has."""
    learner = Learner(storage, KnownErrors(), analysis=analysis, version=ANALYSIS_VERSION)
    return [learner, CorrectionLearner(storage)]


async def _store(storage: Storage, some: Patterns) -> None:
    service = PatternService(storage, retention=RetentionPolicy(), metrics=Metrics())
    for start in range(0, len(some), BATCH):
        new = [
            {name: value for name, value in each.items() if name != "pattern_id"}
            for each in some[start : start + BATCH]
        ]
        await service.insert([service.record(each) for each in new])
        await asyncio.sleep(0)  # as between two pieces of a body


async def _opened(path: Path) -> Storage:
    path.parent.mkdir(exist_ok=True)
    storage = storage_from(f"sqlite:///{path}", StorageOptions())
    await storage.open()
    return storage


BENCHMARK = Benchmark(("learning", "measured", "target"), run)
