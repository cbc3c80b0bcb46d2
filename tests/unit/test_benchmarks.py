"""The benchmarks run; what they measure is for people to read."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import BENCHMARKS


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_prints_a_table_and_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    options = ["--patterns", "150", "--folder", str(tmp_path)]
    command = [sys.executable, "-m", "tests.benchmarks", name, *options]
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, cwd=Path(__file__).parents[2]
    )
    assert (done.returncode, done.stderr) == (0, "")
    title, _, *table = done.stdout.splitlines()
    assert title.startswith(f"{name}, 150 patterns, ")
    assert {line.count(" | ") for line in table} == {len(BENCHMARKS[name].heads) - 1}
    assert len(table) > 3
    assert not [*tmp_path.iterdir()]
