"""`python -m tests.benchmarks NAME`: measure, and print a Markdown table."""

import argparse
import asyncio
import os
import platform
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import migration, storage
from tests.benchmarks.table import line_of

BENCHMARKS = {"storage": storage.BENCHMARK, "migration": migration.BENCHMARK}
"""By name; a further benchmark is a further line."""


def main() -> None:
    """Run the benchmark that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument("--patterns", type=int, default=100_000, metavar="N")
    parser.add_argument("--folder", type=Path, help="where stores are built, on which disk")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.name, arguments.patterns, arguments.folder))


async def _run(name: str, patterns: int, parent: Path | None) -> None:
    today = datetime.now(UTC).date().isoformat()
    print(f"{name}, {patterns:,} patterns, {today}: {os.cpu_count()} cores, {platform.system()}, "
          f"Python {platform.python_version()}\n")  # fmt: skip
    benchmark = BENCHMARKS[name]
    print(line_of(benchmark.heads))
    print(line_of(("---",) * len(benchmark.heads)))
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        async for row in benchmark.run(Path(folder), patterns):
            print(line_of(row), flush=True)


if __name__ == "__main__":
    main()
