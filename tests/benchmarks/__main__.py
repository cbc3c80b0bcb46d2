"""`python -m tests.benchmarks [NAME]`: measure, and print Markdown."""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.server import keep_threads_moving
from tests.benchmarks import (
    corrections,
    grouping,
    learning,
    migration,
    redaction,
    resolve,
    scale,
    storage,
)
from tests.benchmarks.speed import command as speed
from tests.benchmarks.table import Benchmark, line_of

BENCHMARKS = {
    "storage": storage.BENCHMARK,
    "migration": migration.BENCHMARK,
    "redaction": redaction.BENCHMARK,
    "corrections": corrections.BENCHMARK,
    "grouping": grouping.BENCHMARK,
    "resolve": resolve.BENCHMARK,
    "learning": learning.BENCHMARK,
    "scale": scale.BENCHMARK,
}
"""All but the speed table, by name; a further one is a further line."""


def main() -> int:
    """Run the benchmark that the command line names; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=("speed", *BENCHMARKS), default="speed")
    parser.add_argument("--patterns", type=int, metavar="N", help="how many are stored")
    parser.add_argument(
        "--folder", type=Path, metavar="FOLDER",
        help=f"where stores are built; speed and scale keep theirs [{speed.CACHE}]",
    )  # fmt: skip
    speed.add_options(parser)
    arguments = parser.parse_args()
    if arguments.name == "speed":
        return speed.run(arguments)
    patterns = arguments.patterns or BENCHMARKS[arguments.name].patterns
    asyncio.run(_run(arguments.name, patterns, arguments.folder))
    return 0


async def _run(name: str, patterns: int, parent: Path | None) -> None:
    today = datetime.now(UTC).date().isoformat()
    print(f"{name}, {patterns:,} patterns, {today}: {os.cpu_count()} cores, {platform.system()}, "
          f"Python {platform.python_version()}\n")  # fmt: skip
    keep_threads_moving()  # as the service does
    benchmark = BENCHMARKS[name]
    print(line_of(benchmark.heads))
    print(line_of(("---",) * len(benchmark.heads)))
    with _folder(benchmark, parent) as folder:
        async for row in benchmark.run(folder, patterns):
            print(line_of(row), flush=True)


@contextmanager
def _folder(benchmark: Benchmark, parent: Path | None) -> Iterator[Path]:
    if benchmark.keeps:
        yield (parent or speed.CACHE).expanduser()
    else:
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            yield Path(folder)


if __name__ == "__main__":
    sys.exit(main())
