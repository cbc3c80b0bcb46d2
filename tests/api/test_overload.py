"""More requests than are taken on at a time: refused at once, with when to try again."""

import asyncio
import re
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response

from app.routes.admission import NEW_SECONDS
from tests.api.answers import JSON, LINES, found, problem, store, total
from tests.patterns import ndjson, pattern

LIMIT = 4
PROBES = ("/healthz", "/readyz", "/metrics")


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    return settings | {
        "max_concurrent_requests": LIMIT,
        "max_held_bytes": 20_000,
        "max_body_bytes": 10_000,
        "max_pattern_bytes": 10_000,
    }


def post(client: AsyncClient, number: int, **members: Any) -> Any:
    body = pattern(pattern_id=f"p{number}", **members)
    return client.post("/v1/patterns", json=body)


async def test_what_is_accepted_is_stored_and_what_is_not_says_when_to_retry(
    client: AsyncClient,
) -> None:
    answers: list[Response] = await asyncio.gather(*[post(client, number) for number in range(40)])
    accepted = [answer.json()["pattern_id"] for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert len(accepted) >= LIMIT
    assert refused
    for answer in refused:
        assert problem(answer, 429)["type"] == "urn:pattern-store:problem:overloaded"
        assert int(answer.headers["retry-after"]) > 0
    assert sorted(await found(client)) == sorted(accepted)
    await store(client, pattern(pattern_id="after"))


async def test_the_probes_are_answered_whatever_is_under_way(client: AsyncClient) -> None:
    writes = [post(client, number) for number in range(20)]
    probes = [client.get(path) for path in PROBES * 5]
    written, probed = await asyncio.gather(asyncio.gather(*writes), asyncio.gather(*probes))
    assert 429 in {answer.status_code for answer in written}
    assert {answer.status_code for answer in probed} == {200}


async def test_metrics_count_what_was_refused_and_what_is_under_way(client: AsyncClient) -> None:
    answers = await asyncio.gather(*[post(client, number) for number in range(20)])
    refused = sum(answer.status_code == 429 for answer in answers)
    metrics = (await client.get("/metrics")).text
    counted = re.search(r'requests_total\{.*route="/v1/patterns",status="429"\} (\d+)', metrics)
    assert counted
    assert int(counted[1]) == refused
    assert "\npattern_store_requests_under_way 0.0\n" in metrics
    assert "\npattern_store_held_bytes 0.0\n" in metrics


async def trickled(release: asyncio.Event, first: bytes, rest: bytes) -> Any:
    yield first
    await release.wait()
    yield rest


def slow_posts(
    client: AsyncClient, number: int, release: asyncio.Event
) -> list[asyncio.Task[Response]]:
    """Posts of the same pattern, of which only the last byte is not yet there."""
    body = ndjson([pattern(pattern_id="slow", x="y" * 5_000)]).strip()
    return [
        asyncio.create_task(
            client.post(
                "/v1/patterns", content=trickled(release, body[:-1], body[-1:]), headers=JSON
            )
        )
        for _ in range(number)
    ]


async def test_bodies_on_their_way_take_no_place_but_their_bytes_are_counted(
    app: FastAPI, client: AsyncClient
) -> None:
    release = asyncio.Event()
    slow = slow_posts(client, 6, release)
    _, pending = await asyncio.wait(slow, timeout=0.2)
    early = [task.result() for task in slow if task.done()]
    assert len(pending) == 3  # as many as there is room for
    assert {answer.status_code for answer in early} == {429}
    await store(client, pattern(pattern_id="quick"))
    release.set()
    answers = [await task for task in slow if task in pending]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
    assert await total(client) == 2


async def test_bodies_that_come_slowly_make_room_for_others(
    app: FastAPI, client: AsyncClient
) -> None:
    release = asyncio.Event()
    slow = slow_posts(client, 3, release)
    await asyncio.wait(slow, timeout=NEW_SECONDS * 1.1)
    await store(client, pattern(pattern_id="quick", x="y" * 9_000))
    release.set()
    answers = [await task for task in slow]
    assert sorted(answer.status_code for answer in answers) == [200, 201, 408]
    assert await total(client) == 2


async def test_a_stream_of_lines_takes_no_place_while_it_waits(client: AsyncClient) -> None:
    release = asyncio.Event()
    one = ndjson([pattern(pattern_id="first")])
    streams = [
        asyncio.create_task(
            client.post("/v1/patterns/batch", content=trickled(release, one, b"\n"), headers=LINES)
        )
        for _ in range(LIMIT * 5)
    ]
    await asyncio.wait(streams, timeout=0.2)
    await store(client, pattern(pattern_id="quick"))
    release.set()
    counts = [(await stream).json() for stream in streams]
    assert sum(each["stored"] for each in counts) == 1
    assert sum(each["duplicates"] for each in counts) == len(streams) - 1
