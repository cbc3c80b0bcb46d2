"""What the two backends take of the disk and of time, before and after compression."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from app.storage.base import Storage
from tests.benchmarks import queries, saving, sizes
from tests.benchmarks.stores import both, compress_all, fill
from tests.benchmarks.table import Benchmark, Row, milliseconds, ratio
from tests.generated import generated
from tests.patterns import REAL_ERRORS, real_errors

REST_SECONDS = 5.0
"""How long saves are timed beside nothing."""


async def run(folder: Path, patterns: int) -> AsyncIterator[Row]:
    """Measure all of it on stores of so many generated patterns."""
    plain, compressed = folder / "plain", folder / "compressed"
    async with both(compressed) as stores:
        await fill(stores.values(), generated(patterns))
        async for row in saving.rows(folder / "small", stores, patterns):
            yield row
    shutil.copytree(compressed, plain)  # the copy is only read, since its files look new
    os.sync()
    uncompressed = sizes.measured(plain)
    async with both(compressed) as stores:
        idle = {name: await saving.waits_beside(_rest, stores[name]) for name in stores}
        waits = {name: await saving.waits_beside(compress_all, stores[name]) for name in stores}
    for row in sizes.rows(uncompressed, sizes.measured(compressed)):
        yield row
    yield await _real_errors(folder / "real")
    for state, measured in (("nothing else runs", idle), ("it compresses", waits)):
        yield (
            f"a save while {state}: middle, one in 100, longest",
            *(", ".join(map(milliseconds, wait)) for wait in measured.values()),
            "",
        )
    async with both(plain) as hot, both(compressed) as cold:
        times = await queries.timed((hot, cold), queries.questions(patterns))
    for name, (before, after) in times.items():
        yield _compared(name, before, after)
    slowdown = {backend: queries.slowdown(times, backend) for backend in hot}
    yield (
        "queries, compressed to not",
        *(f"{ratio_:.2f} times" for ratio_ in slowdown.values()),
        "at most 1.3 times",
    )


async def _rest(_: Storage) -> None:
    await asyncio.sleep(REST_SECONDS)


async def _real_errors(folder: Path) -> Row:
    real = real_errors()
    async with both(folder) as stores:
        await fill(stores.values(), real)
        for storage in stores.values():
            await compress_all(storage)
    found = sizes.measured(folder)
    name = "real" if REAL_ERRORS.exists() else "sample"
    return (
        f"documents of {len(real)} {name} errors, compressed to not",
        ratio(found.documents["sqlite"], found.raw),
        ratio(found.documents["filesystem"], found.raw),
        "sqlite at most 0.10",
    )


def _compared(name: str, hot: queries.Times, cold: queries.Times) -> Row:
    """Times before compression and after it."""
    states = (hot, cold)
    sqlite = [milliseconds(times["sqlite"]) for times in states]
    filesystem = [
        f"{milliseconds(times['filesystem'])} ({times['filesystem'] / times['sqlite']:.1f} times)"
        for times in states
    ]
    return (name, ", ".join(sqlite), ", ".join(filesystem), "at most 2 times, 4 times")


BENCHMARK = Benchmark(("measured", "sqlite", "filesystem", "target"), run)
