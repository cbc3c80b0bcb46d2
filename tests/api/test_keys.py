"""Who is let in: keys, their scopes, their end, and a file of them that cannot be read."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.api.answers import JSON, problem
from tests.api.commands import pattern_store, succeeded
from tests.api.keys import SCOPES, MakeKey, bearer, id_of, make_key
from tests.api.test_openapi_document import DOCUMENT
from tests.conftest import Clock
from tests.patterns import pattern

OPERATIONS = [
    (method.upper(), path, operation.get("security"))
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
KEYED = [(method, path, security) for method, path, security in OPERATIONS if security]
ELSEWHERE = [
    ("GET", "/"),
    ("GET", "/nothing"),
    ("GET", "/v1/patterns/"),
    ("OPTIONS", "/v1/patterns"),
    ("TRACE", "/v1/patterns/a"),
    ("GET", "/v1//patterns"),
    ("HEAD", "/v1/count"),
    ("GET", "/docs/assets"),
    ("GET", "/healthz/"),
]
PATIENCE = 10.0
"""Seconds until a test stops waiting for a change to be heeded."""


@pytest.fixture
def key(tmp_path: Path, storage_url: str) -> MakeKey:
    return lambda scope, *words: make_key(tmp_path, storage_url, scope, *words)


@pytest.fixture
def keys_path(storage_url: str) -> Path:
    return Path(storage_url.partition(":///")[2] + ".keys.json")


@pytest.fixture
async def keyed(key: MakeKey, client: AsyncClient) -> AsyncClient:
    """A client without a key, of a service that has some."""
    key("admin")
    return client


async def call(client: AsyncClient, method: str, path: str, headers: dict[str, str]) -> Response:
    concrete = path.format(
        pattern_id="a",
        pattern_type="error_occurrence",
        group_id="err-07f1c4a95be23d68",
        resolution_id="res-5b1f0c77a2e94d30-07f1c4a95be23d68",
        number=1,
    )
    return await client.request(method, concrete, headers=headers)


async def until(client: AsyncClient, status: int, headers: dict[str, str]) -> Response:
    """Ask until the answer has a status."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await client.get("/v1/count", headers=headers)).status_code != status:
            await asyncio.sleep(0.05)
    return answer


@pytest.mark.parametrize(("method", "path", "security"), KEYED)
async def test_once_there_is_a_key_every_call_needs_one(
    keyed: AsyncClient, method: str, path: str, security: Any
) -> None:
    refused = await call(keyed, method, path, {})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    if method != "HEAD":
        assert problem(refused, 401)["type"] == "urn:pattern-store:problem:unauthenticated"


@pytest.mark.parametrize(("method", "path"), ELSEWHERE)
async def test_what_is_not_there_needs_one_too(keyed: AsyncClient, method: str, path: str) -> None:
    assert (await call(keyed, method, path, {})).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json"])
async def test_what_tells_nothing_of_the_store_needs_none(keyed: AsyncClient, path: str) -> None:
    assert (await keyed.get(path)).status_code == 200


async def test_the_documentation_page_gets_its_files(keyed: AsyncClient) -> None:
    assert (await keyed.get("/docs/assets/swagger-ui.css")).status_code == 200


@pytest.mark.parametrize("path", ["../../v1/patterns", "..%2f..%2fv1/patterns", "%2e%2e/x"])
async def test_no_way_leads_from_there_to_the_api(keyed: AsyncClient, path: str) -> None:
    answer = await keyed.get(f"/docs/assets/{path}")
    assert answer.status_code in (401, 404)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("method", "path", "security"), KEYED)
async def test_a_key_may_call_what_the_document_says_and_nothing_else(
    key: MakeKey, client: AsyncClient, method: str, path: str, security: Any, scope: str
) -> None:
    answer = await call(client, method, path, bearer(key(scope)))
    needed = security[0]["bearer"][0]
    assert security == [{"bearer": [needed]}, {"apiKey": [needed]}]
    if SCOPES.index(scope) >= SCOPES.index(needed):
        assert answer.status_code not in (401, 403)
    elif method == "HEAD":
        assert answer.status_code == 403
    else:
        told = problem(answer, 403)
        assert told["type"] == "urn:pattern-store:problem:insufficient-scope"
        assert needed in told["detail"]


def test_metrics_and_lifecycle_need_admin() -> None:
    admin = {path for _, path, security in KEYED if security[0]["bearer"] == ["admin"]}
    assert admin == {
        "/metrics",
        "/v1/lifecycle",
        "/v1/lifecycle/retention",
        "/v1/lifecycle/compression",
    }


@pytest.mark.parametrize(
    "sent",
    [
        {"Authorization": "Bearer {key}"},
        {"Authorization": "bearer   {key} "},
        {"X-API-Key": "{key}"},
        {"Authorization": "Basic dXNlcjpwYXNz", "X-API-Key": "{key}"},
    ],
    ids=repr,
)
async def test_a_key_is_sent_in_one_of_two_headers(
    key: MakeKey, client: AsyncClient, sent: dict[str, str]
) -> None:
    headers = {name: value.format(key=key("read")) for name, value in sent.items()}
    assert (await client.get("/v1/patterns", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        {"Authorization": "{key}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic {key}"},
        {"Authorization": "Bearer {key}x"},
        {"Authorization": "Bearer {other}"},
        {"Authorization": "Bearer ps_{id}_"},
        {"Authorization": "Bearer ps_{id}"},
        {"Authorization": "Bearer ps__"},
        {"Authorization": "Bearer {hash}"},
        {"X-API-Key": ""},
        {"X-API-Key": "Bearer {key}"},
        {"Cookie": "key={key}"},
    ],
    ids=repr,
)
async def test_what_is_no_key_is_refused(
    key: MakeKey, keys_path: Path, client: AsyncClient, sent: dict[str, str]
) -> None:
    good = key("admin")
    kept = json.loads(keys_path.read_text())["keys"][0]
    other = good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")
    words = {"key": good, "other": other, "id": kept["id"], "hash": kept["hash"]}
    headers = {name: value.format(**words) for name, value in sent.items()}
    problem(await client.get("/v1/patterns", headers=headers), 401)


async def test_a_key_in_the_query_is_no_key(key: MakeKey, client: AsyncClient) -> None:
    problem(await client.get(f"/v1/patterns?key={key('admin')}"), 401)


async def test_a_key_is_heeded_by_a_service_that_runs_and_its_end_too(
    key: MakeKey, client: AsyncClient, tmp_path: Path, storage_url: str
) -> None:
    assert (await client.get("/v1/count")).status_code == 200
    mine = bearer(text := key("read"))
    await until(client, 401, {})
    assert (await client.get("/v1/count", headers=mine)).status_code == 200
    revoked = pattern_store(
        tmp_path, "keys", "revoke", id_of(text), PATTERNS_STORAGE_URL=storage_url
    )
    assert id_of(text) in succeeded(revoked)
    assert "revoked" in problem(await until(client, 401, mine), 401)["detail"]
    problem(await client.get("/v1/count"), 401)


async def test_a_key_ends_when_it_expires(key: MakeKey, client: AsyncClient, clock: Clock) -> None:
    clock.advance(365)  # beyond the present in which keys are made
    lasting, short = bearer(key("read")), bearer(key("read", "--expires-in-days", "1"))
    clock.advance(-365)
    for headers in (lasting, short):
        assert (await client.get("/v1/count", headers=headers)).status_code == 200
    clock.advance(36_500)
    assert "expired" in problem(await client.get("/v1/count", headers=short), 401)["detail"]
    assert (await client.get("/v1/count", headers=lasting)).status_code == 200


DAMAGES = {
    "empty": b"",
    "cut": b'{"version": 1, "keys": [{"id": "0123456789ab"',
    "another version": b'{"version": 2, "keys": []}',
    "no list": b'{"version": 1, "keys": {}}',
    "unknown scope": b'{"version": 1, "keys": [{"id": "0123456789ab", "name": "x", "scope": "all",'
    b' "hash": "%b", "created_at": "2026-01-01T00:00:00Z"}]}' % (b"0" * 64),
    "a bound admin": b'{"version": 1, "keys": [{"id": "0123456789ab", "name": "x",'
    b' "scope": "admin", "projects": ["p"], "hash": "%b", "created_at": "2026-01-01T00:00:00Z"}]}'
    % (b"0" * 64),
    "no text": b"\xff\x00",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_a_damaged_file_lets_nobody_in_until_it_is_mended(
    key: MakeKey, keys_path: Path, client: AsyncClient, damage: bytes
) -> None:
    mine = bearer(key("admin"))
    good = keys_path.read_bytes()
    keys_path.write_bytes(damage)
    for headers in ({}, mine):
        refused = await client.get("/v1/count", headers=headers)
        told = problem(refused, 503)
        assert told["type"] == "urn:pattern-store:problem:keys-unavailable"
        assert str(keys_path) not in refused.text
        assert refused.headers["Retry-After"]
    assert (await client.get("/healthz")).status_code == 200
    keys_path.write_bytes(good)
    await until(client, 200, mine)
    problem(await client.get("/v1/count"), 401)


async def test_a_file_that_goes_away_opens_nothing(
    key: MakeKey, keys_path: Path, client: AsyncClient
) -> None:
    mine = bearer(key("admin"))
    await until(client, 200, mine)
    keys_path.unlink()
    await until(client, 503, mine)
    problem(await client.get("/v1/count"), 503)


async def test_a_file_without_keys_lets_nobody_in(keys_path: Path, client: AsyncClient) -> None:
    keys_path.write_text('{"version": 1, "keys": []}')
    problem(await client.get("/v1/count"), 401)


async def test_a_refused_call_does_nothing(key: MakeKey, client: AsyncClient) -> None:
    mine, writer = bearer(key("read")), bearer(key("write"))
    body = json.dumps(pattern(pattern_id="a"))
    for headers, status in ((JSON, 401), (JSON | mine, 403)):
        problem(await client.post("/v1/patterns", content=body, headers=headers), status)
    assert (await client.get("/v1/count", headers=mine)).json()["count"] == 0
    stored = await client.post("/v1/patterns", content=body, headers=JSON | writer)
    assert stored.status_code == 201


async def test_a_key_may_be_limited_to_so_many_requests_a_minute(
    key: MakeKey, client: AsyncClient, clock: Clock
) -> None:
    limited, other = bearer(key("read", "--requests-per-minute", "3")), bearer(key("read"))
    for _ in range(3):
        assert (await client.get("/v1/count", headers=limited)).status_code == 200
    for path in ("/v1/count", "/nothing"):
        refused = await client.get(path, headers=limited)
        assert problem(refused, 429)["type"] == "urn:pattern-store:problem:rate-limited"
        assert refused.headers["Retry-After"] == "20"
    assert (await client.get("/v1/count", headers=other)).status_code == 200
    clock.advance(20 / 86_400)
    statuses = [(await client.get("/v1/count", headers=limited)).status_code for _ in range(2)]
    assert statuses == [200, 429]
    clock.advance(1)
    statuses = [(await client.get("/v1/count", headers=limited)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


async def test_another_key_gives_nobody_more_requests(key: MakeKey, client: AsyncClient) -> None:
    limited = bearer(key("read", "--requests-per-minute", "1"))
    assert (await client.get("/v1/count", headers=limited)).status_code == 200
    problem(await client.get("/v1/count", headers=limited), 429)
    await until(client, 200, bearer(key("read")))  # so the file was read again
    problem(await client.get("/v1/count", headers=limited), 429)
