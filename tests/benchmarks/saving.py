"""Durable saves: whether they slow down as a store grows, and what they share."""

import asyncio
import os
import stat
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from app.schemas.filters import Filters, Order
from app.schemas.records import Record, record_of
from app.server import keep_threads_moving
from app.storage.base import Storage
from tests.benchmarks.stores import both, fill, record
from tests.benchmarks.table import Row
from tests.generated import generated

FEW = 1000
ROUNDS = 10
SAVES = 40
"""Saves of a round, and of a writer."""

WRITERS = 32


async def rows(folder: Path, grown: Mapping[str, Storage], patterns: int) -> AsyncIterator[Row]:
    """Saves in stores that have grown, and in turn in new ones that hold few patterns."""
    few, saves = min(FEW, patterns), min(SAVES, 1 + patterns // 100)
    needed = len(grown) * saves * (2 * ROUNDS + WRITERS)
    new = (record(pattern) for pattern in generated(needed, seed=1))
    async with both(folder) as small:
        await fill(small.values(), generated(few, seed=2))
        slowdown = {name: await _rates(small[name], grown[name], new, saves) for name in grown}
    yield (
        f"saves a second, one by one, at {few:,} stored",
        *(f"{before:,.0f}" for before, _ in slowdown.values()),
        "",
    )
    yield (
        f"the same at {patterns:,} stored",
        *(f"{now:,.0f}, {now / before:.2f} times" for before, now in slowdown.values()),
        "at least 0.8 times",
    )
    shared = [await _shared(storage, new, saves) for storage in grown.values()]
    rates = [f"{rate:,.0f}" for rate, _, _ in shared]
    yield (f"saves a second, {WRITERS} writers", *rates, "")
    _, files, folders = shared[-1]
    yield (
        f"syncs a save, {WRITERS} writers",
        "",
        f"{files:.2f} of files, {folders:.2f} of folders",
        "of folders below 1",
    )


async def waits_beside(
    work: Callable[[Storage], Coroutine[Any, Any, None]], storage: Storage
) -> tuple[float, float, float]:
    """Seconds that saves take beside some work: the median, the 99th percentile, the longest."""
    (newest,) = (
        await storage.query(Filters(), order=Order.NEWEST, limit=1, max_bytes=2**20)
    ).patterns
    keep_threads_moving()  # what the benchmark has made until now is no part of a service
    working = asyncio.create_task(work(storage))
    waits: list[float] = []
    while not working.done():
        content = newest.content() | {"turn": len(waits)}
        new = record_of(content, pattern_id=newest.pattern_id, at=newest.stored.at)
        started = time.perf_counter()
        newest = await storage.update(new, newest.seq)
        waits.append(time.perf_counter() - started)
    await working
    waits.sort()
    return median(waits), waits[len(waits) * 99 // 100], waits[-1]


async def _rates(
    small: Storage, grown: Storage, new: Iterator[Record], saves: int
) -> tuple[float, float]:
    """Saves a second, one after the other, in the one and in the other."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for storage, taken in zip((small, grown), times, strict=True):
            records = [next(new) for _ in range(saves)]
            started = time.perf_counter()
            for each in records:
                await storage.insert(each)
            taken.append((time.perf_counter() - started) / saves)
    return 1 / median(times[0]), 1 / median(times[1])


async def _shared(
    storage: Storage, new: Iterator[Record], saves: int
) -> tuple[float, float, float]:
    """Saves a second of writers side by side, and syncs of files and of folders for each."""

    async def write() -> None:
        for _ in range(saves):
            await storage.insert(next(new))

    with _counted_syncs() as syncs:
        started = time.perf_counter()
        await asyncio.gather(*[write() for _ in range(WRITERS)])
        taken = time.perf_counter() - started
    total = saves * WRITERS
    return total / taken, syncs.count(False) / total, syncs.count(True) / total


@contextmanager
def _counted_syncs() -> Iterator[list[bool]]:
    """For each sync that Python code asks for, whether it is one of a folder."""
    fsync = os.fsync
    syncs: list[bool] = []

    def counted(descriptor: int) -> None:
        syncs.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    with mock.patch.object(os, "fsync", counted):
        yield syncs
