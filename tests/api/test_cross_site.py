"""No web page can use a developer's browser against the service."""

from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.api.answers import JSON, problem, store
from tests.api.keys import bearer, make_key
from tests.patterns import ndjson, pattern

UNSAFE = [
    ("POST", "/v1/patterns"),
    ("POST", "/v1/patterns/batch"),
    ("PUT", "/v1/patterns/a"),
    ("PATCH", "/v1/patterns/a"),
    ("DELETE", "/v1/patterns/a"),
    ("DELETE", "/v1/patterns?start_date=0001-01-01"),
    ("POST", "/v1/validate"),
    ("POST", "/v1/lifecycle/retention?older_than_days=0&force=true"),
]
SAFE = ["/v1/patterns/a", "/v1/patterns", "/v1/export", "/v1/stats", "/healthz", "/docs"]

OURS = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
"""What a page sends whose origin the settings may name."""


async def call(client: AsyncClient, method: str, path: str, headers: dict[str, str]) -> Response:
    body = ndjson([pattern(data={"retry_count": 1})])
    if path.endswith("batch"):
        body = b"[" + body + b"]"
    return await client.request(method, path, content=body, headers=JSON | headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://evil.example/localhost"},
        {"Origin": "http://localhost@evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "localhost"},
        {"Origin": "file://"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"},
    ],
    ids=repr,
)
async def test_a_page_of_another_origin_changes_nothing(
    client: AsyncClient, headers: dict[str, str]
) -> None:
    stored = await store(client, pattern(pattern_id="a"))
    for method, path in UNSAFE:
        refused = problem(await call(client, method, path, headers), 403)
        assert refused["type"] == "urn:pattern-store:problem:foreign-origin"
    assert (await client.get("/v1/export")).json() == stored


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "http://LOCALHOST"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"},
        {"Origin": "http://[::1]:8000", "Host": "[::1]:8000"},
    ],
    ids=repr,
)
async def test_the_services_own_pages_and_programs_may(
    client: AsyncClient, headers: dict[str, str]
) -> None:
    for method, path in UNSAFE:
        await client.put("/v1/patterns/a", json=pattern())
        assert (await call(client, method, path, headers)).is_success


@pytest.mark.parametrize("path", SAFE)
async def test_reading_is_not_refused_but_no_page_is_told_it_may(
    client: AsyncClient, path: str
) -> None:
    await store(client, pattern(pattern_id="a"))
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "127.0.0.2",
        "10.0.0.1",
        "localhost@evil.example",
        "evil.example#localhost",
        "[::2]",
        "[::1",
        "",
        " ",
    ],
)
async def test_a_name_that_is_not_the_services_is_refused(client: AsyncClient, host: str) -> None:
    for method in ("GET", "POST"):
        headers = {"Host": host}
        answer = await client.request(method, "/v1/patterns", json=pattern(), headers=headers)
        assert "PATTERNS_ALLOWED_HOSTS" in problem(answer, 403)["detail"]


@pytest.mark.parametrize(
    "host", ["localhost:9", "LocalHost", "127.0.0.1:80", "[::1]", "[::1]:8000"]
)
async def test_every_name_of_the_loopback_is_the_services(client: AsyncClient, host: str) -> None:
    assert (await client.get("/v1/patterns", headers={"Host": host})).status_code == 200


class TestWithAllowedHosts:
    """PATTERNS_ALLOWED_HOSTS names further hosts."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"allowed_hosts": ["patterns.example", "Other.example"]}

    @pytest.mark.parametrize("host", ["patterns.example", "patterns.example:8000", "other.EXAMPLE"])
    async def test_they_are_served_to_their_own_pages(self, client: AsyncClient, host: str) -> None:
        own = {"Host": host, "Origin": f"https://{host}"}
        answer = await client.post("/v1/patterns", json=pattern(), headers=own)
        assert answer.status_code == 201
        foreign = own | {"Origin": "https://localhost"}
        problem(await client.post("/v1/patterns", json=pattern(), headers=foreign), 403)

    async def test_and_no_others(self, client: AsyncClient) -> None:
        problem(await client.get("/v1/patterns", headers={"Host": "sub.patterns.example"}), 403)


class TestWithAnyHost:
    """`*` is any name; pages must still be the service's own."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"allowed_hosts": ["*"]}

    async def test_any_name_is_served(self, client: AsyncClient) -> None:
        headers = {"Host": "evil.example"}
        assert (await client.get("/v1/patterns", headers=headers)).status_code == 200
        foreign = headers | {"Origin": "https://other.example"}
        problem(await client.post("/v1/patterns", json=pattern(), headers=foreign), 403)
        sandboxed = {"Host": "", "Origin": "null"}
        problem(await client.post("/v1/patterns", json=pattern(), headers=sandboxed), 403)


class TestWithOrigins:
    """PATTERNS_CORS_ORIGINS names the origins whose pages may use the service."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"cors_origins": "https://app.example, http://other.example:3000"}

    async def test_their_pages_may_read_and_write(self, client: AsyncClient) -> None:
        for method, path in UNSAFE:
            await client.put("/v1/patterns/a", json=pattern())
            answer = await call(client, method, path, OURS)
            assert answer.is_success
            assert answer.headers["access-control-allow-origin"] == "https://app.example"
            assert "ETag" in answer.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in answer.headers

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def test_browsers_may_ask_first(self, client: AsyncClient, method: str) -> None:
        wanted = "authorization,if-match,x-api-key"
        asked = OURS | {
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": wanted,
        }
        answer = await client.options("/v1/patterns/a", headers=asked)
        assert answer.status_code == 200
        assert method in answer.headers["access-control-allow-methods"]
        assert answer.headers["access-control-allow-headers"] == wanted

    @pytest.mark.parametrize(
        "origin",
        ["https://evil.example", "https://app.example.evil.example", "null", "http://app.example"],
    )
    async def test_and_no_others(self, client: AsyncClient, origin: str) -> None:
        foreign = {"Origin": origin}
        problem(await client.post("/v1/patterns", json=pattern(), headers=foreign), 403)
        asked = foreign | {"Access-Control-Request-Method": "POST"}
        for answer in (
            await client.get("/v1/patterns", headers=foreign),
            await client.options("/v1/patterns", headers=asked),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control-")]

    async def test_a_page_is_told_that_a_key_is_needed(
        self, client: AsyncClient, tmp_path: Path, storage_url: str
    ) -> None:
        key = make_key(tmp_path, storage_url, "read")
        refused = await client.get("/v1/patterns", headers=OURS)
        problem(refused, 401)
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
        answer = await client.get("/v1/patterns", headers=OURS | bearer(key))
        assert answer.status_code == 200
