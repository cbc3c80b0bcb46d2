"""Far more load than can be served, among idle, slow and vanishing clients.

wrk posts over many connections without a pause; some clients of our own, which count and time
every answer, post among them. A figure is of these, unless it is of the process.
"""

import argparse
import asyncio
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from tests.conftest import BACKENDS
from tests.endurance.clients import Answers, Nuisances, post_on, proportional_bytes
from tests.live import LiveService, live_service

CROWD = 2_000
CLIENTS = 20
IDLE = 2_000
MIB = 2**20

BORNE_BYTES = 400 * MIB
"""What the service may take in memory all the while."""


def main(words: Sequence[str]) -> int:
    """Do it as the command line says; 0 where it held what the README says."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long [60]")
    parser.add_argument("--backend", choices=BACKENDS, default="sqlite")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(run(Path(folder), arguments.seconds, arguments.backend))


async def run(folder: Path, seconds: float, backend: str) -> int:
    """Overload a service so long, and print a report; 0 where it held what the README says."""
    if shutil.which("wrk") is None:
        print("wrk makes the load, and is not installed: apt-get install wrk")
        return 2
    store = BACKENDS[backend].format(folder=folder)
    with live_service(folder, PATTERNS_STORAGE_URL=store, PATTERNS_ACCESS_LOG="false") as service:
        bare = await _load(service, "calm", 5)
        capacity = len(bare.accepted) / 5
        nuisances = Nuisances(service.url)
        nuisances.idle(IDLE)
        before = proportional_bytes(service.process.pid)
        with _crowd(service, seconds + 1) as wrk:
            peak = asyncio.create_task(_peak(service, nuisances, seconds))
            answers = await _load(service, "busy", seconds)
            peak_bytes = await peak
            wrk.wait()
        recovery = await _recovery(service, bare.percentile(99))
        nuisances.close()
        return _report(service, capacity, seconds, answers, before, peak_bytes, recovery)


async def _load(service: LiveService, prefix: str, seconds: float) -> Answers:
    answers = Answers()
    until = time.monotonic() + seconds
    await asyncio.gather(
        *[post_on(service.url, f"{prefix}-{n}", until, answers) for n in range(CLIENTS)]
    )
    return answers


def _crowd(service: LiveService, seconds: float) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("crowd.lua")
    command = ["wrk", "-t1", f"-c{CROWD}", f"-d{round(seconds)}s", "--timeout", "30s"]
    return subprocess.Popen([*command, "-s", str(script), service.url])


async def _peak(service: LiveService, nuisances: Nuisances, seconds: float) -> int:
    """The most memory seen, while a nuisance of each kind is made ten times a second."""
    peak, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        for make in (nuisances.slow, nuisances.half_closed, nuisances.vanishing):
            await asyncio.to_thread(make, 1)
        peak = max(peak, proportional_bytes(service.process.pid))
        await asyncio.sleep(0.1)
    return peak


async def _recovery(service: LiveService, usual: float) -> float:
    """Seconds until ten posts in a row were accepted, each within thrice the usual p99."""
    began = time.monotonic()
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
        in_a_row, first = 0, began
        while in_a_row < 10:
            started = time.monotonic()
            first = first if in_a_row else started
            answer = await client.post("/v1/patterns", json=_ONE)
            quick = time.monotonic() - started < max(0.05, 3 * usual)
            in_a_row = in_a_row + 1 if answer.status_code == 201 and quick else 0
    return first - began


_ONE = {
    "pattern_type": "agent_usage",
    "data": {"agent_type": "one", "task_type": "t", "success": True, "duration_ms": 1},
}


def _report(
    service: LiveService,
    capacity: float,
    seconds: float,
    answers: Answers,
    before: int,
    peak: int,
    recovery: float,
) -> int:
    metrics = httpx.get(f"{service.url}/metrics").text
    found = re.findall(r'requests_total\{.*"/v1/patterns",status="(\d+)"\} ([\d.e+]+)', metrics)
    counted = {int(status): float(number) for status, number in found}
    stored = httpx.get(f"{service.url}/v1/count").json()["count"]
    lost = [name for name in answers.accepted if not _is_stored(service, name)]
    answered = sum(counted.values()) / seconds
    refused = sorted(answers.refused)
    lines = {
        "capacity, posts a second by the counting clients alone": f"{capacity:,.0f}",
        "answers a second under load, all": f"{answered:,.0f}",
        "accepted, all": f"{counted.get(201, 0):,.0f}",
        "refused, all": f"{counted.get(429, 0):,.0f}",
        "other statuses": {name: n for name, n in counted.items() if name not in (201, 429)},
        "accepted, of the counting clients": f"{len(answers.accepted):,}",
        "p50, p99 of these, s": f"{answers.percentile(50):.3f}, {answers.percentile(99):.3f}",
        "p99 of the refused, s": f"{refused[int(len(refused) * 0.99)]:.3f}" if refused else "-",
        "refused without Retry-After": answers.without_retry_after,
        "accepted but not stored": len(lost),
        "stored beside what was accepted": f"{stored - counted.get(201, 0):,.0f}",
        "PSS before, at its peak, MiB": f"{before / MIB:.0f}, {peak / MIB:.0f}",
        "recovered after, s": f"{recovery:.2f}",
    }
    for what, value in lines.items():
        print(f"{what:<56} {value}")
    broken = lost or answers.without_retry_after or any(status >= 500 for status in counted)
    borne = peak < BORNE_BYTES and answers.percentile(99) < 1 and recovery < 2
    return 0 if borne and not broken else 1


def _is_stored(service: LiveService, pattern_id: str) -> bool:
    return httpx.head(f"{service.url}/v1/patterns/{pattern_id}").status_code == 200
