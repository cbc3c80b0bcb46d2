"""Killing the service (SIGKILL) at random moments under writers, and looking what is left.

Compression and retention run all the time. After each start, everything acknowledged must be
there once and in its acknowledged state, and what was under way wholly or not at all. The page
cache outlives a kill: what a power failure does, `replay` looks at.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

import httpx

from tests.api.commands import pattern_store
from tests.conftest import BACKENDS
from tests.endurance.decider import Decider, all_decisions
from tests.endurance.ledger import Found
from tests.endurance.writers import Writer, write_until
from tests.live import LiveService, live_service, start_service

WRITERS = 8
START_LIMIT = 3.0
"""Seconds in which the service must be ready again."""

NOT_YET = "The files are being compared with the index"
"""What `/readyz` says, and the log with it, until a tree of files is ready."""

SETTINGS = {
    "PATTERNS_ACCESS_LOG": "false",
    "PATTERNS_RETENTION_GRACE_DAYS": "0",
    "PATTERNS_RETENTION_INTERVAL_SECONDS": "0.3",
    "PATTERNS_COMPRESSION_AFTER_DAYS": "1",
    "PATTERNS_COMPRESSION_INTERVAL_SECONDS": "0.2",
    "PATTERNS_SUMMARY_INTERVAL_SECONDS": "0.3",
}


@dataclass
class Report:
    """What came of it. Each of `problems` begins with its kind: lost, doubled, other.

    `starts` are the seconds until the service was ready, the first of an empty store.
    """

    kills: int = 0
    kills_at_start: int = 0
    acknowledged: int = 0
    checks: int = 0
    compressed: int = 0
    expired: int = 0
    starts: list[float] = field(default_factory=list)
    decisions: int = 0
    problems: list[str] = field(default_factory=list)

    def number(self, kind: str) -> int:
        """How many problems are of a kind."""
        return sum(problem.startswith(kind) for problem in self.problems)

    def __str__(self) -> str:
        restarts = self.starts[1:] or [0.0]
        figures = (
            f"{self.kills} kills ({self.kills_at_start} while starting), "
            f"{self.acknowledged} acknowledged writes and {self.decisions} decisions, "
            f"{self.number('lost')} lost, "
            f"{self.number('doubled')} doubled, {self.number('other')} other problems; "
            f"{self.checks} checks, {self.compressed} patterns compressed, {self.expired} expired, "
            f"start {self.starts[0]:.2f} s with an empty store, after kills "
            f"{median(restarts):.2f} s at the median, {max(restarts):.2f} s at most, "
            f"{sum(each > START_LIMIT for each in restarts)} over {START_LIMIT:.0f} s"
        )
        return "\n".join([*self.problems[:50], figures])


async def run(
    folder: Path,
    backend: str,
    kills: int,
    *,
    check_every: int,
    seed: int,
    on_kill: Callable[[Report], None] = lambda _: None,
) -> Report:
    """Kill the service so many times, on one store in a folder."""
    random = Random(seed)
    writers = [Writer(f"w{n}", Random(seed + n)) for n in range(WRITERS)]
    trial = _Trial(folder, backend, [*writers, Decider("d", Random(seed + WRITERS))])
    while trial.report.kills < kills:
        if trial.report.kills and random.random() < 0.15:
            await trial.kill_at_start(random.uniform(0.2, 1.0))
        check = trial.report.kills % check_every == 0
        await trial.kill_under_writers(random.uniform(0.05, 1.5), check=check)
        on_kill(trial.report)
    await trial.look()
    return trial.report


class _Trial:
    """One store, and the writers that know what it must hold."""

    def __init__(self, folder: Path, backend: str, writers: list[Writer]) -> None:
        self.report = Report()
        self._folder = folder
        self._writers = writers
        url = BACKENDS[backend].format(folder=folder)
        self._settings = SETTINGS | {"PATTERNS_STORAGE_URL": url}

    async def kill_at_start(self, seconds: float) -> None:
        """Start the service and kill it so soon that it may not be ready."""
        with start_service(self._folder, **self._settings) as process:
            await asyncio.sleep(seconds)
            process.kill()
        self.report.kills += 1
        self.report.kills_at_start += 1

    async def kill_under_writers(self, seconds: float, *, check: bool) -> None:
        """Start the service, see what it holds, and kill it while it is written to."""
        started = time.monotonic()
        with live_service(self._folder, **self._settings) as service:
            await self._compare(service, started)
            if check:
                await self._check()

            async def kill() -> None:
                await asyncio.sleep(seconds)
                service.process.kill()
                service.process.wait()

            await write_until(kill(), service.url, self._writers)
            self.report.kills += 1
            self._read_log(service)
        self.report.acknowledged = sum(writer.ledger.acknowledged for writer in self._writers)
        self.report.decisions = sum(
            writer.decisions for writer in self._writers if isinstance(writer, Decider)
        )

    async def look(self) -> None:
        """Start the service, see what it holds, and stop it."""
        started = time.monotonic()
        with live_service(self._folder, **self._settings) as service:
            await self._compare(service, started)
            await self._check()
            if status := service.stop():
                self.report.problems.append(f"other: the service ended with status {status}")

    async def _compare(self, service: LiveService, started: float) -> None:
        async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
            while (await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.01)
            took = time.monotonic() - started
            found = await everything(client)
            counted = (await client.get("/v1/count")).json()
            decisions = await all_decisions(client)
        self.report.starts.append(took)
        if counted["count"] > len(found.patterns):
            self.report.problems.append(f"doubled: {counted}, but ids: {len(found.patterns)}")
        for writer in self._writers:
            self.report.problems += [*writer.ledger.problems(found)]
            self.report.problems += [f"other: {what}" for what in writer.strange]
            writer.strange.clear()
            if isinstance(writer, Decider):
                self.report.problems += [*writer.problems_with(decisions)]
        for pattern_id in found.patterns:
            if not any(pattern_id in writer.ledger for writer in self._writers):
                self.report.problems.append(f"other: nobody sent {pattern_id}")

    async def _check(self) -> None:
        """Run `pattern-store check` beside the service."""
        url = self._settings["PATTERNS_STORAGE_URL"]
        check = partial(pattern_store, self._folder, "check", PATTERNS_STORAGE_URL=url)
        result = await asyncio.to_thread(check)
        self.report.checks += 1
        if result.status:
            self.report.problems.append(f"other: check says {result.output} {result.errors}")

    def _read_log(self, service: LiveService) -> None:
        for line in service.log_lines():
            if line["level"] == "ERROR" and NOT_YET not in str(line["message"]):
                self.report.problems.append(f"other: logged {line}")
            if line["message"] == "task done" and isinstance(line["result"], dict):
                self.report.compressed += line["result"]["patterns"] * (
                    line["task"] == "compression"
                )
                self.report.expired += line["result"]["patterns"] * (line["task"] == "retention")


async def everything(client: httpx.AsyncClient) -> Found:
    found = Found()
    async with client.stream("GET", "/v1/export?deletes=true") as export:
        async for line in export.aiter_lines():
            entry = json.loads(line)
            if entry.get("deleted"):
                found.deleted.add(entry["pattern_id"])
            else:
                found.patterns[entry["pattern_id"]].append(entry)
    return found


def _tell(report: Report) -> None:
    """Show how far it is, and what is wrong already."""
    if report.kills % 10 == 0 or report.problems:
        print(f"so far: {report}", file=sys.stderr, flush=True)


def main(words: Sequence[str]) -> int:
    """Do it as the command line says; 1 where anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance kill", description=__doc__)
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    parser.add_argument("--kills", type=int, default=200, help="for each backend [200]")
    parser.add_argument("--check-every", type=int, default=1, metavar="N", help="kills [1]")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args(words)
    failed = False
    for backend in arguments.backend or BACKENDS:
        with tempfile.TemporaryDirectory() as folder:
            report = asyncio.run(
                run(
                    Path(folder),
                    backend,
                    arguments.kills,
                    check_every=arguments.check_every,
                    seed=arguments.seed,
                    on_kill=_tell,
                )
            )
        print(f"{backend}, seed {arguments.seed}: {report}", flush=True)
        failed |= bool(report.problems)
    return int(failed)
