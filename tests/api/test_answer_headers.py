"""What every answer says to browsers and caches, and what none tells."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import store
from tests.patterns import pattern

ANSWERS = [
    ("GET", "/v1/patterns", 200),
    ("GET", "/v1/patterns/a", 200),
    ("HEAD", "/v1/patterns/a", 200),
    ("GET", "/v1/patterns/none", 404),
    ("POST", "/v1/patterns", 400),
    ("GET", "/v1/export", 200),
    ("GET", "/metrics", 200),
    ("GET", "/healthz", 200),
    ("GET", "/docs", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/docs/assets/swagger-ui.css", 200),
    ("GET", "/nothing", 404),
    ("OPTIONS", "/v1/patterns", 405),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_no_answer_is_sniffed_framed_told_of_or_kept_unasked(
    client: AsyncClient, method: str, path: str, status: int
) -> None:
    await store(client, pattern(pattern_id="a"))
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    kept = "private, no-cache" if "etag" in answer.headers else "no-store"
    assert answer.headers.get_list("cache-control") == [kept]
    assert "server" not in answer.headers


async def test_a_refused_host_and_a_known_state_say_so_too(client: AsyncClient) -> None:
    stored = await store(client, pattern(pattern_id="a"))
    etag = f'"1-{stored["stored"]["seq"]}"'
    for headers, status in (({"Host": "evil.example"}, 403), ({"If-None-Match": etag}, 304)):
        answer = await client.get("/v1/patterns/a", headers=headers)
        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"


class TestWithoutDocs:
    """PATTERNS_DOCS=false."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"docs": False}

    @pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/assets/swagger-ui.css"])
    async def test_the_documentation_is_not_served(self, client: AsyncClient, path: str) -> None:
        answer = await client.get(path)
        assert answer.status_code == 404
        assert "see /docs" not in answer.text

    async def test_the_api_is(self, client: AsyncClient) -> None:
        await store(client, pattern())
