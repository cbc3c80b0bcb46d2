"""Every answer carries a request id: the client's own where it can be one, or else a new one."""

import pytest
from httpx import AsyncClient

from tests.patterns import pattern

CALLS = [("GET", "/v1/patterns"), ("GET", "/none"), ("POST", "/v1/patterns"), ("PUT", "/healthz")]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_a_clients_id_comes_back(client: AsyncClient, method: str, path: str) -> None:
    for identifier in ("1", "trace:span/7", "a.b_c@d+e=f-g", "x" * 128):
        answer = await client.request(method, path, headers={"X-Request-ID": identifier})
        assert answer.headers["x-request-id"] == identifier


@pytest.mark.parametrize(
    "identifier", ["", " ", "a b", "x" * 129, "größe", "a\tb", '"a"', "<script>"]
)
async def test_what_cannot_be_an_id_is_replaced(client: AsyncClient, identifier: str) -> None:
    headers = [(b"X-Request-ID", identifier.encode())]
    answer = await client.get("/healthz", headers=headers)
    assert answer.status_code == 200
    made = answer.headers["x-request-id"]
    assert made
    assert made != identifier


async def test_ids_that_are_made_differ(client: AsyncClient) -> None:
    answers = [await client.post("/v1/patterns", json=pattern()) for _ in range(10)]
    answers += [await client.get("/none") for _ in range(10)]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 20
