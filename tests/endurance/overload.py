"""Far more load than can be served, among idle, slow, deaf and vanishing clients.

wrk posts over many connections, and asks again at once where it is refused, whatever Retry-After
says: that is the worst case. It runs on the same machine, and takes its share of it. Some clients
of our own, which count and time every answer, do the same, and as many wait as they are told.
Latencies are theirs, from when they send a request; the rest is what the service counts. Where
other work keeps the machine busy, compare what is stored for a second of the service's CPU time.
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
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.connections.files import make_room_for
from tests.conftest import BACKENDS
from tests.endurance.clients import Answers, Nuisances, cpu_seconds, post_on, proportional_bytes
from tests.live import LiveService, live_service

CROWD = 2_000
CLIENTS = 20
"""Our own, of each kind."""

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
        calm, _ = await _load(service, "calm", 2)
        alone = _Work.of(service)
        _wrk(service, CAPACITY_CONNECTIONS, CAPACITY_SECONDS).wait()
        alone = _Work.of(service) - alone
        nuisances = Nuisances(service.url)
        nuisances.idle(IDLE)
        crowded = _Work.of(service)
        with _wrk(service, CROWD, seconds) as wrk:
            peak = asyncio.create_task(_peak(service, nuisances, seconds))
            rude, patient = await _load(service, "busy", seconds)
            peak_bytes = await peak
            wrk.wait()
        crowded = _Work.of(service) - crowded
        recovery = await _recovery(service, calm.percentile(99))
        nuisances.close()
        return _report(service, seconds, alone, crowded, (rude, patient), peak_bytes, recovery)


@dataclass(frozen=True, slots=True)
class _Work:
    """What a service did: its answers to posts by status, and the seconds of CPU time it had."""

    answers: Counter[int]
    cpu_seconds: float

    @classmethod
    def of(cls, service: LiveService) -> "_Work":
        return cls(_counted(service), cpu_seconds(service.process.pid))

    def __sub__(self, before: "_Work") -> "_Work":
        return _Work(self.answers - before.answers, self.cpu_seconds - before.cpu_seconds)

    @property
    def stored_by_cpu(self) -> float:
        """Patterns stored for each second of CPU time."""
        return self.answers[201] / self.cpu_seconds


async def _load(service: LiveService, prefix: str, seconds: float) -> tuple[Answers, Answers]:
    """What clients were answered that ask again at once, and what those that wait as told."""
    until = time.monotonic() + seconds
    rude, patient = Answers(), Answers()
    clients = [
        post_on(service.url, f"{prefix}-{is_patient:d}-{n}", until, answers, patient=is_patient)
        for answers, is_patient in ((rude, False), (patient, True))
        for n in range(CLIENTS)
    ]
    await asyncio.gather(*clients)
    return rude, patient


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
    seconds: float,
    alone: _Work,
    crowded: _Work,
    clients: tuple[Answers, Answers],
    peak: int,
    recovery: float,
) -> int:
    with httpx.Client(base_url=service.url, timeout=30) as client:
        accepted = [name for each in clients for name in each.accepted]
        lost = [name for name in accepted if client.head(f"/v1/patterns/{name}").is_error]
        stored = client.get("/v1/count").json()["count"]
    capacity, goodput = alone.answers[201] / CAPACITY_SECONDS, crowded.answers[201] / seconds
    others = {status: n for status, n in crowded.answers.items() if status not in (201, 429)}
    without_retry_after = sum(each.without_retry_after for each in clients)
    lines = {
        "CPU time the service had of each second": f"{crowded.cpu_seconds / seconds:.2f} s",
        f"stored a second over {CAPACITY_CONNECTIONS} connections": f"{capacity:,.0f}",
        f"… over {CROWD:,}, beside {IDLE:,} idle ones": f"{goodput:,.0f}",
        "… of what it was": f"{goodput / capacity:.2f}",
        "… for a second of CPU time, of what it was": (
            f"{crowded.stored_by_cpu / alone.stored_by_cpu:.2f}"
        ),
        "refused a second": f"{crowded.answers[429] / seconds:,.0f}",
        "other statuses": others or "none",
        **_seen(clients[0], "that ask again at once"),
        **_seen(clients[1], "that wait as told"),
        "refused without Retry-After": without_retry_after,
        "accepted but not stored": len(lost),
        "stored though not accepted": f"{stored - _counted(service)[201]:,}",
        "memory (PSS) at its peak, MiB": f"{peak / MIB:.0f}",
        "back to normal after, s": f"{recovery:.2f}",
    }
    for what, value in lines.items():
        print(f"{what:<52} {value}")
    broken = lost or without_retry_after or any(status >= 500 for status in crowded.answers)
    is_quick = all(each.percentile(99) < 1 for each in clients)
    held = goodput > capacity / 2 and is_quick
    borne = peak < BORNE_BYTES and recovery < 2
    return 0 if held and borne and not broken else 1


def _seen(answers: Answers, who: str) -> dict[str, object]:
    accepted = [f"{answers.percentile(percent):.3f}" for percent in (50, 99)]
    refused = sorted(answers.refused)
    return {
        f"answers to clients {who}": dict(answers.statuses),
        f"accepted {who}: p50, p99, s": ", ".join(accepted),
        f"refused {who}: p99, s": f"{refused[int(len(refused) * 0.99)]:.3f}" if refused else "-",
    }
