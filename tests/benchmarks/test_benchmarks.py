"""The benchmarks run; what they measure is for people to read."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import BENCHMARKS
from tests.benchmarks.speed.rounds import Spread, by_turns, ratio
from tests.benchmarks.speed.targets import ROWS, TARGETS, WORKLOADS
from tests.tools import missing

ROOT = Path(__file__).parents[2]


def benchmark(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.benchmarks", *options]
    return subprocess.run(command, capture_output=True, check=False, text=True, cwd=ROOT)


@pytest.mark.parametrize("name", [name for name, each in BENCHMARKS.items() if not each.keeps])
def test_a_benchmark_prints_a_table_and_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    done = benchmark(name, "--patterns", "150", "--folder", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    title, _, *table = done.stdout.splitlines()
    assert title.startswith(f"{name}, 150 patterns, ")
    assert {line.count(" | ") for line in table} == {len(BENCHMARKS[name].heads) - 1}
    assert len(table) > 3
    assert not [*tmp_path.iterdir()]


def test_the_store_with_many_errors_is_kept_and_has_the_groups_it_was_made_of(
    tmp_path: Path,
) -> None:
    for told in ("building errors-150, once\n", ""):
        done = benchmark("scale", "--patterns", "150", "--folder", str(tmp_path))
        assert (done.returncode, done.stderr) == (0, told)
        rows = dict(line.strip("| ").split(" | ")[:2] for line in done.stdout.splitlines()[4:])
        assert len(rows) > 10
        assert rows["groups and variants known"].startswith("3 and ")
        assert rows["questions that were told a group"] == "75 of 75 known, 0 of 75 unknown"
        assert len([*tmp_path.iterdir()]) == 1


def test_the_speed_table_has_every_target(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("wrk") is None:
        missing("wrk is not installed")
    stores, numbers, tables = (tmp_path / name for name in ("stores", "numbers", "tables"))
    scale = ("--patterns", "300", "--rounds", "1", "--seconds", "0.2")
    files = ("--folder", str(stores), "--json", str(numbers), "--markdown", str(tables))
    done = benchmark(*scale, *files)
    assert done.returncode == 0, done.stderr
    if os.environ.get("CI") == "true":
        with capsys.disabled():
            print(f"\n{done.stdout}")
    assert done.stdout == tables.read_text()
    assert all(workload.what in done.stdout for workload in WORKLOADS.values())
    report = json.loads(numbers.read_text())
    assert len(report["targets"]) == len(TARGETS)
    assert [*report["measured"]] == [*WORKLOADS]
    assert all(
        samples for row in report["measured"].values() for samples in row["samples"].values()
    )
    assert not [*stores.glob("work-*"), *stores.glob("building-*")]


def test_without_wrk_the_speed_table_says_what_to_install(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "--folder", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, cwd=ROOT, env={"PATH": ""}
    )
    assert done.returncode == 1
    assert "apt-get install wrk" in done.stderr
    assert "Traceback" not in done.stderr


def test_rows_can_be_asked_for_by_name() -> None:
    assert ROWS == ("W1", "W2", "W3", "W4", "W5", "deep", "ingest", "start", "memory")
    assert {target.workload for target in TARGETS} == {*WORKLOADS}


def test_turns_change_and_ratios_are_taken_round_by_round() -> None:
    order: list[str] = []
    numbers = iter((1.0, 2.0, 4.0, 2.0, 3.0, 9.0))

    def take(name: str) -> float:
        order.append(name)
        return next(numbers)

    samples = by_turns(3, {"a": lambda: take("a"), "b": lambda: take("b")})
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert samples == {"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0, 9.0]}
    assert ratio(samples, "b", "a") == Spread(2.0, 2.0, 3.0)
