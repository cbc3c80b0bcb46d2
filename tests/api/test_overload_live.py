"""A running service under more than it takes on, and among clients that only hold on."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.endurance.clients import (
    Answers,
    Nuisances,
    connected,
    post_on,
    post_request,
    proportional_bytes,
    read_answer,
)
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
    assert counted(service) == answers.statuses
    if before:
        assert proportional_bytes(service.process.pid) - before < 100 * MIB
    assert sorted(stored_ids(service)) == sorted(answers.accepted)
    assert httpx.get(f"{service.url}/readyz").status_code == 200
    posted = asyncio.run(post_on_all(service, 1, 0.1))
    assert 429 not in posted.statuses
    assert healthy(service)


def counted(service: LiveService) -> dict[int, int]:
    """The answers to posts by status, as the service counts them."""
    metrics = httpx.get(f"{service.url}/metrics").text
    found = re.findall(r'requests_total\{.*"/v1/patterns",status="(\d+)"\} ([\d.e+]+)', metrics)
    repeated = re.search(r"^pattern_store_repeated_refusals_total ([\d.e+]+)", metrics, re.M)
    assert repeated
    numbers = {int(status): int(float(number)) for status, number in found}
    return numbers | {429: numbers[429] + int(float(repeated[1]))}


@asynccontextmanager
async def crowd(service: LiveService) -> AsyncIterator[None]:
    """Clients that post without a pause, and ask again at once where they are refused."""
    until = time.monotonic() + 120
    posts = [post_on(service.url, f"c{n}", until, Answers()) for n in range(CONNECTIONS)]
    tasks = [asyncio.create_task(each) for each in posts]
    await asyncio.sleep(0.5)
    yield
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)


async def test_new_connections_get_in_beside_a_crowd(service: LiveService) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with (
        crowd(service),
        httpx.AsyncClient(base_url=service.url, limits=limits, timeout=60) as client,
    ):
        answers = await asyncio.gather(*[client.get("/healthz") for _ in range(200)])
    assert [answer.status_code for answer in answers] == [200] * 200
    assert healthy(service)


async def test_who_asks_again_too_soon_is_refused_again_but_may_ask_for_health(
    service: LiveService,
) -> None:
    async with connected(service.url) as (reader, writer), crowd(service):
        refused = 0
        while refused < 3:
            writer.write(post_request(f"p{refused}"))
            status, headers = await read_answer(reader)
            assert status in (200, 201, 429)
            assert (status == 429) == (b"retry-after" in headers)
            refused += status == 429
            writer.write(b"GET /healthz?x HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await read_answer(reader))[0] == 200


async def test_who_waits_as_told_is_served_beside_a_crowd_that_does_not(
    service: LiveService,
) -> None:
    answers, until = Answers(), time.monotonic() + SECONDS * 2
    async with crowd(service):
        posts = [post_on(service.url, f"p{n}", until, answers, patient=True) for n in range(20)]
        await asyncio.gather(*posts)
    assert set(answers.statuses) <= {201, 429}
    assert not answers.without_retry_after
    assert answers.accepted
    assert set(answers.accepted) <= set(stored_ids(service))
    assert healthy(service)


async def test_who_was_refused_twice_is_heard_again_once_the_crowd_is_gone(
    service: LiveService,
) -> None:
    async with connected(service.url) as (reader, writer):
        async with crowd(service):
            refused = 0
            while refused < 2:
                writer.write(post_request(f"before-{refused}"))
                refused += (await read_answer(reader))[0] == 429
        status = 429
        while status == 429:
            writer.write(post_request("after"))
            status, _ = await read_answer(reader)
    assert status == 201


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
