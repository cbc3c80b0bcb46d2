"""Far more load than can be served, among idle, slow, deaf and vanishing clients.

wrk posts over many connections, and asks again at once where it is refused, whatever Retry-After
says: that is the worst case. It runs on the same machine, and takes its share of it. Some clients
of our own, which count and time every answer, do the same. Latencies are theirs, from when they
send a request; the rest is what the service counts.
"""

import argparse
import asyncio
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx

from app.connections.files import make_room_for
from tests.conftest import BACKENDS
from tests.endurance.clients import Answers, Nuisances, cpu_seconds, post_on, proportional_bytes
from tests.live import LiveService, live_service

CROWD = 2_000
CLIENTS = 20
IDLE = 2_000
CAPACITY_CONNECTIONS = 64
CAPACITY_SECONDS = 5
MIB = 2**20

BORNE_BYTES = 400 * MIB
"""What the service may take in memory all the while."""

FILES = 12_000
"""What this process opens at most: nuisances, ten of a kind each second, and more idle ones."""


def main(words: Sequence[str]) -> int:
    """Do it as the command line says; 0 where it held what the README says."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long [60]")
    parser.add_argument("--backend", choices=BACKENDS, default="sqlite")
    parser.add_argument("--folder", type=Path, help="where the store is made")
    arguments = parser.parse_args(words)
    if shutil.which("wrk") is None:
        print("wrk makes the load, and is not installed: apt-get install wrk")
        return 2
    make_room_for(FILES)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        return asyncio.run(run(Path(folder), arguments.seconds, arguments.backend))


async def run(folder: Path, seconds: float, backend: str) -> int:
    """Overload a service so long, and print a report; 0 where it held what the README says."""
    store = BACKENDS[backend].format(folder=folder)
    with live_service(folder, PATTERNS_STORAGE_URL=store, PATTERNS_ACCESS_LOG="false") as service:
        calm = await _load(service, "calm", 2)
        before = _counted(service)
        _wrk(service, CAPACITY_CONNECTIONS, CAPACITY_SECONDS).wait()
        begun = _counted(service)
        capacity = (begun - before)[201] / CAPACITY_SECONDS
        spent = cpu_seconds(service.process.pid)
        nuisances = Nuisances(service.url)
        nuisances.idle(IDLE)
        with _wrk(service, CROWD, seconds) as wrk:
            peak = asyncio.create_task(_peak(service, nuisances, seconds))
            answers = await _load(service, "busy", seconds)
            peak_bytes = await peak
            wrk.wait()
        under_load = _counted(service) - begun
        spent = cpu_seconds(service.process.pid) - spent
        recovery = await _recovery(service, calm.percentile(99))
        nuisances.close()
        print(f"{'CPU time the service had of each second':<44} {spent / seconds:.2f} s")
        return _report(service, capacity, seconds, under_load, answers, peak_bytes, recovery)


async def _load(service: LiveService, prefix: str, seconds: float) -> Answers:
    answers = Answers()
    until = time.monotonic() + seconds
    await asyncio.gather(
        *[post_on(service.url, f"{prefix}-{n}", until, answers) for n in range(CLIENTS)]
    )
    return answers


def _wrk(service: LiveService, connections: int, seconds: float) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("crowd.lua")
    options = ["-t1", f"-c{connections}", f"-d{round(seconds)}s", "--timeout", "30s"]
    return subprocess.Popen(
        ["wrk", *options, "-s", str(script), service.url], stdout=subprocess.DEVNULL
    )


def _counted(service: LiveService) -> Counter[int]:
    """The answers to posts so far, by status."""
    metrics = httpx.get(f"{service.url}/metrics", timeout=30).text
    found = re.findall(r'requests_total\{.*"/v1/patterns",status="(\d+)"\} ([\d.e+]+)', metrics)
    counted = Counter({int(status): int(float(number)) for status, number in found})
    repeated = re.search(r"^pattern_store_repeated_refusals_total ([\d.e+]+)", metrics, re.M)
    assert repeated
    return counted + Counter({429: int(float(repeated[1]))})


async def _peak(service: LiveService, nuisances: Nuisances, seconds: float) -> int:
    """The most memory seen, while nuisances of each kind are made ten times a second."""
    peak, until, tick = 0, time.monotonic() + seconds, 0
    kinds = (nuisances.slow_head, nuisances.slow, nuisances.half_closed, nuisances.vanishing)
    while time.monotonic() < until:
        for make in (*kinds, nuisances.deaf):
            await asyncio.to_thread(make, 1)
        await asyncio.to_thread(nuisances.idle, 10)
        if tick % 10 == 0:
            await asyncio.to_thread(nuisances.trickle)
        peak, tick = max(peak, proportional_bytes(service.process.pid)), tick + 1
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
    under_load: Counter[int],
    answers: Answers,
    peak: int,
    recovery: float,
) -> int:
    lost = [name for name in answers.accepted if not _is_stored(service, name)]
    stored = httpx.get(f"{service.url}/v1/count").json()["count"]
    goodput = under_load[201] / seconds
    others = {status: n for status, n in under_load.items() if status not in (201, 429)}
    refused = sorted(answers.refused)
    lines = {
        f"stored a second over {CAPACITY_CONNECTIONS} connections": f"{capacity:,.0f}",
        f"… over {CROWD:,}, beside {IDLE:,} idle ones": f"{goodput:,.0f}",
        "… of what it was": f"{goodput / capacity:.2f}",
        "refused a second": f"{under_load[429] / seconds:,.0f}",
        "other statuses": others or "none",
        "answers seen by the counting clients": dict(answers.statuses),
        "accepted: p50, p99, s": f"{answers.percentile(50):.3f}, {answers.percentile(99):.3f}",
        "refused: p99, s": f"{refused[int(len(refused) * 0.99)]:.3f}" if refused else "-",
        "refused without Retry-After": answers.without_retry_after,
        "accepted but not stored": len(lost),
        "stored though not accepted": f"{stored - _counted(service)[201]:,}",
        "memory (PSS) at its peak, MiB": f"{peak / MIB:.0f}",
        "back to normal after, s": f"{recovery:.2f}",
    }
    for what, value in lines.items():
        print(f"{what:<44} {value}")
    broken = lost or answers.without_retry_after or any(status >= 500 for status in under_load)
    held = goodput > capacity / 2 and answers.percentile(99) < 1
    borne = peak < BORNE_BYTES and recovery < 2
    return 0 if held and borne and not broken else 1


def _is_stored(service: LiveService, pattern_id: str) -> bool:
    return httpx.head(f"{service.url}/v1/patterns/{pattern_id}").status_code == 200
