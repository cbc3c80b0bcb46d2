"""Mixed load for a long time with compression, retention and summaries running all the while.

Patterns come in batches and are past their retention soon after; no more come where there are
15,000, so before long their number is steady. Memory, open files, threads and the journal must
be steady then; what the store takes on disk is not: deletions are remembered for 30 days.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx

from tests.conftest import BACKENDS
from tests.endurance.curves import SETTLING, Curve, Measure, descriptors, memory, table, threads
from tests.endurance.onlookers import Onlooker
from tests.endurance.owners import Owner
from tests.endurance.visitors import RETENTION_DAYS, Findings, Supplier, Visitor
from tests.live import LiveService, live_service

MIB = 2**20
LIFETIME = 120.0
"""Seconds for which a pattern of a batch is kept, at most; shorter in short runs."""

MEASURES = (
    Measure("PSS", "MiB", tolerance=8, share=0.08),
    Measure("RSS", "MiB", tolerance=8, share=0.08),
    Measure("descriptors", "", tolerance=4),
    Measure("threads", "", tolerance=1),
    Measure("WAL", "MiB", tolerance=8),
    Measure("patterns", ""),
    Measure("store", "MiB"),
    Measure("/healthz", "ms"),
)
PATTERNS = [measure.name for measure in MEASURES].index("patterns")


@dataclass(slots=True)
class Report:
    """What was asked and how that was answered, and the curves."""

    findings: Findings
    curves: list[Curve]
    tasks: dict[str, int]

    @property
    def grown(self) -> list[str]:
        """What grew."""
        return [curve.measure.name for curve in self.curves if curve.grew]

    def __str__(self) -> str:
        asked = ", ".join(f"{what} {times:,}" for what, times in self.findings.asked.most_common())
        done = ", ".join(f"{task} {patterns:,}" for task, patterns in self.tasks.items())
        lines = [
            *self.findings.problems[:20],
            table(self.curves),
            f"asked: {asked}",
            f"patterns sent {self.findings.patterns:,}; by the tasks: {done}",
            f"{len(self.findings.problems)} wrong answers; grew after the first "
            f"{self.curves[0].times[-1] * SETTLING:.0f} s: {', '.join(self.grown) or 'nothing'}",
        ]
        return "\n".join(lines)


async def run(folder: Path, backend: str, seconds: float, seed: int) -> Report:
    """Load a service for so long, on a store in a folder."""
    store = BACKENDS[backend].format(folder=folder)
    findings = Findings()
    curves = [Curve(measure) for measure in MEASURES]
    with live_service(folder, **_settings(store)) as service:
        # Shorter than the service keeps idle connections, which it may close as they are used.
        limits = httpx.Limits(max_connections=32, keepalive_expiry=1.0)
        async with httpx.AsyncClient(base_url=service.url, timeout=60, limits=limits) as client:
            leave = asyncio.Event()
            lifetime = min(LIFETIME, seconds * SETTLING)
            visitors = _visitors(client, findings, Random(seed), lifetime)
            visits = [asyncio.create_task(visitor.stay(leave)) for visitor in visitors]
            await _watch(service, folder, client, curves, findings, seconds)
            leave.set()
            await asyncio.gather(*visits)
        if status := service.stop():
            findings.problems.append(f"the service ended with status {status}")
        lines = service.log_lines()
    for line in lines:
        if line["level"] == "ERROR" and "are being compared with the index" not in str(line):
            findings.problems.append(f"logged {json.dumps(line)}")
    return Report(findings, curves, _done(lines))


def _settings(store: str) -> dict[str, str]:
    return {
        "PATTERNS_STORAGE_URL": store,
        "PATTERNS_ACCESS_LOG": "false",
        "PATTERNS_RETENTION_DAYS_BY_TYPE": json.dumps(RETENTION_DAYS),
        "PATTERNS_RETENTION_GRACE_DAYS": "0",
        "PATTERNS_RETENTION_INTERVAL_SECONDS": "2",
        "PATTERNS_COMPRESSION_AFTER_DAYS": "1",
        "PATTERNS_COMPRESSION_INTERVAL_SECONDS": "3",
        "PATTERNS_SUMMARY_INTERVAL_SECONDS": "3",
        "PATTERNS_MAX_QUERY_SECONDS": "30",
    }


def _visitors(
    client: httpx.AsyncClient, findings: Findings, random: Random, lifetime: float
) -> list[Visitor]:
    def chance() -> Random:
        return Random(random.getrandbits(64))

    return [
        *[Owner(f"owner-{n}", chance(), client, findings) for n in range(4)],
        *[Supplier(f"supplier-{n}", chance(), client, findings, lifetime) for n in range(2)],
        *[Onlooker(f"onlooker-{n}", chance(), client, findings) for n in range(3)],
    ]


async def _watch(
    service: LiveService,
    folder: Path,
    client: httpx.AsyncClient,
    curves: Sequence[Curve],
    findings: Findings,
    seconds: float,
) -> None:
    """Take a sample of everything every few seconds, until the time is over."""
    began, shown = time.monotonic(), 0.0
    while (at := time.monotonic() - began) < seconds:
        for curve, value in zip(curves, await _sample(service, folder, client), strict=True):
            curve.add(at, value)
        findings.stored = curves[PATTERNS].values[-1]
        if at - shown >= 60:
            shown = at
            print(f"after {at:.0f} s:\n{table(curves)}", file=sys.stderr, flush=True)
        await asyncio.sleep(min(5.0, seconds / 60))


async def _sample(service: LiveService, folder: Path, client: httpx.AsyncClient) -> list[float]:
    """In the order of MEASURES."""
    pid = service.process.pid
    figures = (await client.get("/v1/stats")).json()
    asked = time.monotonic()
    (await client.get("/healthz")).raise_for_status()
    took = time.monotonic() - asked
    taken = memory(pid)
    return [
        taken["Pss"] / MIB,
        taken["Rss"] / MIB,
        descriptors(pid),
        threads(pid),
        _journal_bytes(folder) / MIB,
        figures["total"],
        figures["size_bytes"] / MIB,
        took * 1000,
    ]


def _journal_bytes(folder: Path) -> int:
    """The size of SQLite's write-ahead log."""
    found = 0
    for journal in [*folder.glob("*-wal"), *folder.glob("*/.index/*-wal")]:
        with suppress(FileNotFoundError):
            found += journal.stat().st_size
    return found


def _done(lines: Sequence[dict[str, object]]) -> dict[str, int]:
    """How many patterns each task dealt with."""
    done: dict[str, int] = {}
    for line in lines:
        if line["message"] == "task done" and isinstance(line["result"], dict):
            task = str(line["task"])
            done[task] = done.get(task, 0) + line["result"].get("patterns", 0)
    return done


def main(words: Sequence[str]) -> int:
    """Do it as the command line says; 1 where anything grew, or was answered wrongly."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long [30]")
    parser.add_argument("--backend", choices=BACKENDS, default="sqlite")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(
            run(Path(folder), arguments.backend, arguments.minutes * 60, arguments.seed)
        )
    print(f"{arguments.backend}, {arguments.minutes:g} minutes, seed {arguments.seed}\n{report}")
    return int(bool(report.findings.problems or report.grown))
