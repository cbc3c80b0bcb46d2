"""A running service under more than it takes on, and among clients that only hold on."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.endurance.clients import Answers, Nuisances, post_on, proportional_bytes
from tests.live import LiveService, live_service

SECONDS = 3.0
CONNECTIONS = 200
MIB = 2**20


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LiveService]:
    with live_service(tmp_path, PATTERNS_MAX_CONCURRENT_REQUESTS="16") as service:
        yield service


async def post_on_all(service: LiveService, connections: int, seconds: float) -> Answers:
    answers, until = Answers(), time.monotonic() + seconds
    clients = [post_on(service.url, f"c{n}", until, answers) for n in range(connections)]
    await asyncio.gather(*clients)
    return answers


def stored_ids(service: LiveService) -> list[str]:
    with httpx.stream("GET", f"{service.url}/v1/export", timeout=60) as export:
        return [line.split('"', 4)[3] for line in export.iter_lines()]


def serves(service: LiveService) -> bool:
    """Whether a few clients are all served."""
    answers = asyncio.run(post_on_all(service, 4, 0.2))
    return set(answers.statuses) <= {200, 201}


def healthy(service: LiveService) -> bool:
    return not [line for line in service.log_lines() if line["level"] == "ERROR"]


def test_what_is_accepted_is_stored_once_and_what_is_not_can_be_retried(
    service: LiveService,
) -> None:
    proc = Path(f"/proc/{service.process.pid}/smaps_rollup")
    before = proportional_bytes(service.process.pid) if proc.exists() else 0
    answers = asyncio.run(post_on_all(service, CONNECTIONS, SECONDS))
    assert set(answers.statuses) == {201, 429}
    assert not answers.without_retry_after
    if before:
        assert proportional_bytes(service.process.pid) - before < 100 * MIB
    assert sorted(stored_ids(service)) == sorted(answers.accepted)
    assert httpx.get(f"{service.url}/readyz").status_code == 200
    posted = asyncio.run(post_on_all(service, 1, 0.1))
    assert 429 not in posted.statuses
    assert healthy(service)


async def ask_amid_a_crowd(service: LiveService, number: int) -> list[int]:
    """What so many new connections are answered while others post without a pause."""
    until = time.monotonic() + 60
    crowd = [
        asyncio.create_task(post_on(service.url, f"c{n}", until, Answers()))
        for n in range(CONNECTIONS)
    ]
    await asyncio.sleep(0.5)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=service.url, limits=limits, timeout=60) as client:
        answers = await asyncio.gather(*[client.get("/healthz") for _ in range(number)])
    for one in crowd:
        one.cancel()
    ends = await asyncio.gather(*crowd, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    return [answer.status_code for answer in answers]


def test_new_connections_get_in_beside_a_crowd(service: LiveService) -> None:
    assert asyncio.run(ask_amid_a_crowd(service, 200)) == [200] * 200
    assert healthy(service)


@pytest.mark.parametrize("kind", ["idle", "slow_head", "slow", "half_closed", "vanishing"])
def test_clients_that_only_hold_on_cost_nobody_anything(service: LiveService, kind: str) -> None:
    nuisances = Nuisances(service.url)
    try:
        getattr(nuisances, kind)(CONNECTIONS)
        assert serves(service)
    finally:
        nuisances.close()
    assert serves(service)
    assert healthy(service)
    assert service.stop() == 0
