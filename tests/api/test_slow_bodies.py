"""Bodies that come too slowly are given up; a stream may wait between its lines."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import JSON, LINES, problem, total
from tests.patterns import ndjson, pattern

PAUSE = 0.4
SLOW = "urn:pattern-store:problem:too-slow"


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    return settings | {"body_seconds": PAUSE / 4}


async def paused(*pieces: bytes) -> AsyncIterator[bytes]:
    """The pieces, with a pause before each but the first that is longer than a body may take."""
    for number, piece in enumerate(pieces):
        if number:
            await asyncio.sleep(PAUSE)
        yield piece


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/patterns"), ("PUT", "/v1/patterns/p"), ("POST", "/v1/patterns/batch")],
)
async def test_a_body_that_does_not_come_is_a_408(
    client: AsyncClient, method: str, path: str
) -> None:
    for pieces in ((b"{", b"}"), (b"", b"{}")):
        answer = await client.request(method, path, content=paused(*pieces), headers=JSON)
        assert problem(answer, 408)["type"] == SLOW
        assert answer.headers["connection"] == "close"
    assert await total(client) == 0


async def test_bytes_give_a_body_time(client: AsyncClient) -> None:
    text = ndjson([pattern(pattern_id="p", x="y" * 5_000)])
    answer = await client.post(
        "/v1/patterns", content=paused(text[:4_000], text[4_000:]), headers=JSON
    )
    assert answer.status_code == 201


async def test_a_stream_may_wait_between_lines(client: AsyncClient) -> None:
    body = paused(b"", ndjson([pattern()]), b"\n", ndjson([pattern()]))
    answer = await client.post("/v1/patterns/batch", content=body, headers=LINES)
    assert (answer.status_code, answer.json()["stored"]) == (200, 2)


async def test_a_line_that_does_not_end_stops_its_stream_with_the_counts(
    client: AsyncClient,
) -> None:
    body = paused(ndjson([pattern()]) + b'{"half"', b":1}\n")
    answer = await client.post("/v1/patterns/batch", content=body, headers=LINES)
    assert problem(answer, 408)["stored"] == 1
    assert await total(client) == 1
