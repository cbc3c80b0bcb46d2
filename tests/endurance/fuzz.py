"""Broken requests as raw bytes against a running service, many at a time.

They are made from the OpenAPI document by a grammar, and by changing bytes. Whatever comes, each
answer is HTTP/1.1 with a status below 500 that tells nothing of the inside; where one is due it
comes; and all the while the service answers others.
"""

import argparse
import asyncio
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from app.keys.file import KeysFile
from app.keys.key import Scope, new_key
from app.schemas.timestamps import now
from tests.conftest import BACKENDS
from tests.endurance.attempts import Attempt, Attempts
from tests.endurance.curves import descriptors
from tests.endurance.exchange import Exchange, exchange
from tests.live import LiveService, live_service

CLIENTS = 32
CHECK_EVERY = 500
HEALTH_SECONDS = 5.0
"""How soon `/healthz` must answer amid all that."""

FILES = 16
"""What the service may have opened for good meanwhile: readers open the database when first
needed. Fewer than CLIENTS."""

SHOWN_BYTES = 3_000

_HELD = re.compile(r"^(pattern_store_requests_under_way|pattern_store_held_bytes) (\S+)$", re.M)


@dataclass(slots=True)
class Report:
    """What was sent and what came of it. `problems` holds what must not be."""

    seed: int
    kinds: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    health: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def note(self, number: int, attempt: Attempt, seen: Exchange) -> None:
        """Count an attempt, and keep what is wrong with what came of it."""
        self.kinds[attempt.kind] += 1
        self.statuses.update(answer.status for answer in seen.answers)
        if not seen.answers:
            self.unanswered[f"{attempt.ending.value}: {seen.end}"] += 1
        self.problems += [
            f"{what}\n  {attempt.kind}, {attempt.due} due, then {attempt.ending.value};"
            f" again with --seed {self.seed} --only {number}\n"
            f"  sent {_shown(attempt.sent)}\n  got {_shown(seen.received)}"
            for what in seen.objections
        ]

    def __str__(self) -> str:
        counts: list[tuple[str, Counter[str]]] = [
            ("by kind", self.kinds),
            ("answers by status", Counter({str(k): n for k, n in self.statuses.items()})),
            ("without an answer", self.unanswered),
        ]
        lines = [
            *self.problems[:20],
            *[f"{what}: {_listed(counter)}" for what, counter in counts],
            f"/healthz took {max(self.health, default=0) * 1000:.0f} ms at most, of "
            f"{len(self.health)} times",
            f"seed {self.seed}: {self.kinds.total():,} attempts in {self.seconds:.0f} s, "
            f"{self.statuses.total():,} answers, {len(self.problems)} problems",
        ]
        return "\n".join(lines)


async def run(folder: Path, backend: str, numbers: Sequence[int], seed: int) -> Report:
    """Make the attempts of these numbers, on a store in a folder."""
    report = Report(seed)
    settings = {
        "PATTERNS_STORAGE_URL": BACKENDS[backend].format(folder=folder),
        "PATTERNS_KEYS_FILE": f"{folder}/keys.json",
        "PATTERNS_BODY_SECONDS": "2",  # many are never whole
    }
    keys = _keys(folder)
    attempts = Attempts(seed, keys)
    began = time.monotonic()
    with live_service(folder, **settings) as service:
        await _ready(service)
        before = descriptors(service.process.pid)
        waiting = iter(numbers)
        clients = [_client(service, attempts, waiting, report) for _ in range(CLIENTS)]
        await asyncio.gather(*clients)
        await _check_health(service, report)
        await _check_rest(service, keys[0], before, report)
        if service.process.poll() is None and (status := service.stop()):
            report.problems.append(f"the service ended with status {status}")
        _check_log(service, report)
    report.seconds = time.monotonic() - began
    return report


def _keys(folder: Path) -> tuple[str, ...]:
    """A key for everything, and some for less."""
    made = [
        new_key("all", Scope.ADMIN, now=now()),
        new_key("write", Scope.WRITE, now=now()),
        new_key("read", Scope.READ, now=now()),
        new_key("project", Scope.WRITE, now=now(), projects=["checkout"]),
        new_key("old", Scope.ADMIN, now=now(), expires_at=now() - 1),
    ]
    for key, _ in made:
        KeysFile(folder / "keys.json").add(key)
    return tuple(text for _, text in made)


async def _client(
    service: LiveService, attempts: Attempts, numbers: Iterator[int], report: Report
) -> None:
    address = urlsplit(service.url)
    for number in numbers:
        if service.process.poll() is not None:
            return
        attempt = attempts.attempt(number)
        seen = await exchange((str(address.hostname), address.port or 0), attempt)
        report.note(number, attempt, seen)
        if report.kinds.total() % CHECK_EVERY == 0:
            await _check_health(service, report)


async def _ready(service: LiveService) -> None:
    async with httpx.AsyncClient(base_url=service.url) as client:
        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)


async def _check_health(service: LiveService, report: Report) -> None:
    """The service must be there, and answer soon."""
    if (status := service.process.poll()) is not None:
        report.problems.append(f"the service is gone, with status {status}")
        return
    began = time.monotonic()
    try:
        async with httpx.AsyncClient(timeout=HEALTH_SECONDS) as client:
            (await client.get(f"{service.url}/healthz")).raise_for_status()
    except httpx.HTTPError as error:
        report.problems.append(f"/healthz: {error!r}")
    report.health.append(time.monotonic() - began)


async def _check_rest(service: LiveService, key: str, before: int, report: Report) -> None:
    """Nothing may stay behind: no connection, no request under way, no bytes held."""
    left: dict[str, float] = {}
    async with httpx.AsyncClient(headers={"X-API-Key": key}) as client:
        for _ in range(300):
            metrics = (await client.get(f"{service.url}/metrics")).text
            left = {name: float(value) for name, value in _HELD.findall(metrics)}
            left["descriptors"] = max(0, descriptors(service.process.pid) - before - FILES)
            if len(left) == 3 and not any(left.values()):
                return
            await asyncio.sleep(0.1)
    report.problems.append(f"this stays behind: {left}")


def _check_log(service: LiveService, report: Report) -> None:
    """Nothing may have failed inside, and each line is JSON still."""
    for line in service.log_lines():
        has_failed = line["level"] == "ERROR" or "exc_info" in line
        if has_failed and "being compared with the index" not in str(line):
            report.problems.append(f"logged {_shown(str(line).encode())}")


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{what} {times:,}" for what, times in counter.most_common()) or "-"


def _shown(content: bytes) -> str:
    more = len(content) - SHOWN_BYTES
    return f"{content[:SHOWN_BYTES]!r}" + (f" and {more:,} bytes more" if more > 0 else "")


def main(words: Sequence[str]) -> int:
    """Do it as the command line says; 1 where anything was as it must not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000, help="how many [50,000]")
    parser.add_argument("--backend", choices=BACKENDS, default="sqlite")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    parser.add_argument("--only", type=int, metavar="NUMBER", help="make one of these again")
    arguments = parser.parse_args(words)
    numbers = range(arguments.requests) if arguments.only is None else [arguments.only]
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(run(Path(folder), arguments.backend, numbers, arguments.seed))
    print(report)
    return int(bool(report.problems))
