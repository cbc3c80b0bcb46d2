"""What was found, as tables for people and as JSON."""

import json
import os
import platform
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.speed.contestants import Contestant
from tests.benchmarks.speed.rounds import Samples, Spread, ratio
from tests.benchmarks.speed.scale import Scale
from tests.benchmarks.speed.targets import TARGETS, WORKLOADS, Target
from tests.benchmarks.table import line_of

Found = Mapping[str, Samples]
"""What was measured, by the keys of `WORKLOADS`."""


def markdown(found: Found, scale: Scale, notes: list[str]) -> str:
    """All of it, as two tables: what is to be reached, and what was measured."""
    lines = [f"{machine()}. {extent(scale)}", ""]
    lines += [line_of(row) for row in _target_rows(found)]
    lines += ["", *(line_of(row) for row in _measured_rows(found)), ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes)])


def as_json(found: Found, scale: Scale, notes: list[str]) -> str:
    """All of it, with the numbers of each round."""
    targets = [
        {**asdict(target), "spread": None if spread is None else asdict(spread)}
        | {"met": None if spread is None else target.met(spread.median)}
        for target in TARGETS
        if target.workload in found
        for spread in [_compared(found, target)]
    ]
    measured = {
        key: {**asdict(workload), "samples": found[key]}
        for key, workload in WORKLOADS.items()
        if key in found
    }
    report: dict[str, Any] = {
        "machine": machine(),
        "scale": asdict(scale),
        "targets": targets,
        "measured": measured,
        "notes": notes,
    }
    return json.dumps(report, indent=2, ensure_ascii=False)


def remarks(contestants: Iterable[Contestant]) -> list[str]:
    """What must be known to read the tables."""
    lost = "; ".join(f"{each.name}: {each.durable}" for each in contestants)
    return [
        f"Of the POSTs answered when the power fails: {lost}.",
        "REF's route is an `async def`; one that is a `def` runs in a thread, which takes longer.",
        "RAW is Python's sqlite3 alone, without full text; it writes durably.",
        "No access logs, but Datasette's, which has no switch; nothing is compressed yet.",
        "The load is made by wrk on the same machine; what it posts has happened at that moment.",
        "While a store is measured, its files of 1 MiB and more are held in memory.",
    ]


def machine() -> str:
    """The day, the machine, and the versions of what matters."""
    models = re.findall(r"^model name\s*: (.*)$", _read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal: +(\d+) kB", _read("/proc/meminfo"), re.MULTILINE)
    return ", ".join(
        [
            datetime.now(UTC).date().isoformat(),
            f"{os.cpu_count()} cores ({models[0] if models else platform.machine()})",
            *([f"{int(memory[1]) / 1024**2:.0f} GiB"] if memory else []),
            f"{platform.system()} {platform.release()}",
            f"Python {platform.python_version()}",
            f"SQLite {sqlite3.sqlite_version}",
            *(f"{name} {version(name)}" for name in ("fastapi", "uvicorn", "uvloop")),
        ]
    )


def extent(scale: Scale) -> str:
    """How much was measured."""
    return (
        f"{scale.patterns:,} patterns stored in the large stores, {scale.few:,} in the small ones,"
        f" {scale.files:,} in the tree of files; medians (least to most) of {scale.rounds} rounds"
        f" of {scale.seconds:g} s"
    )


def _target_rows(found: Found) -> Iterator[tuple[str, ...]]:
    yield ("workload", "compared", "median (spread)", "to reach", "met", "aim")
    yield ("---",) * 6
    for target in TARGETS:
        if target.workload not in found:
            continue
        workload, spread = WORKLOADS[target.workload], _compared(found, target)
        what = target.of if target.to is None else f"{target.of} / {target.to}"
        unit = f" {workload.unit}" if target.to is None else ""
        if spread is None:
            yield (workload.what, what, "not there", f"{target.bound}{unit}", "", target.aim)
        else:
            met = "yes" if target.met(spread.median) else "**no**"
            shown = f"{_shown(spread)}{unit}"
            yield (workload.what, what, shown, f"{target.bound}{unit}", met, target.aim)


def _measured_rows(found: Found) -> Iterator[tuple[str, ...]]:
    yield ("workload", "who", "median (spread)")
    yield ("---",) * 3
    for key, workload in WORKLOADS.items():
        for name, numbers in found.get(key, {}).items():
            yield (workload.what, name, f"{_shown(Spread.of(numbers))} {workload.unit}")


def _compared(found: Found, target: Target) -> Spread | None:
    """How what a target speaks of came out, None where one side of it was not measured."""
    samples = found[target.workload]
    if target.of not in samples or (target.to is not None and target.to not in samples):
        return None
    if target.to is None:
        return Spread.of(samples[target.of])
    return ratio(samples, target.of, target.to)


def _shown(spread: Spread) -> str:
    return f"{_number(spread.median)} ({_number(spread.least)}–{_number(spread.most)})"


def _number(number: float) -> str:
    """Three digits that count."""
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.2f}"


def _read(path: str) -> str:
    file = Path(path)
    return file.read_text() if file.exists() else ""
