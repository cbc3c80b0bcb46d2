"""Every error is a problem (RFC 9457): what happened, where, and what to do about it."""

import logging
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.errors import StorageUnavailable
from tests.api.answers import problem, store
from tests.patterns import ndjson, pattern

PATHS = {
    "/v1/patterns": {"GET", "POST", "DELETE"},
    "/v1/patterns/batch": {"POST", "GET", "HEAD", "PUT", "PATCH", "DELETE"},
    "/v1/patterns/some-id": {"GET", "HEAD", "PUT", "PATCH", "DELETE"},
    "/v1/count": {"GET"},
    "/v1/export": {"GET"},
    "/v1/validate": {"POST"},
    "/v1/schemas/agent_usage": {"GET"},
    "/v1/stats": {"GET"},
    "/v1/lifecycle": {"GET"},
    "/v1/lifecycle/retention": {"POST"},
    "/healthz": {"GET"},
    "/readyz": {"GET"},
    "/metrics": {"GET"},
}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
BODY_CALLS = [
    ("POST", "/v1/patterns"),
    ("POST", "/v1/patterns/batch"),
    ("PUT", "/v1/patterns/a"),
    ("PATCH", "/v1/patterns/a"),
    ("POST", "/v1/validate"),
]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/",
        "/v2/patterns",
        "/V1/patterns",
        "/v1/pattern",
        "/v1//patterns",
        "/v1/patterns/",
        "/v1/patterns/a/",
        "/v1/patterns/a/b",
        "/v1/patterns/batch/",
        "/v1/count/",
        "/v1/lifecycle/compressing",
        "/healthz/",
        "/docs/assets/none.js",
        "/docs/assets/../../app/main.py",
        "/v1/%00",
        "/größe/🙂",
    ],
)
async def test_where_nothing_is_there_is_a_404_and_no_redirect(
    client: AsyncClient, path: str
) -> None:
    for method in ("GET", "POST", "DELETE"):
        response = await client.request(method, path, json=pattern())
        if "/docs/assets/" in path and method != "GET":
            continue
        body = problem(response, 404)
        assert body["type"] == "urn:pattern-store:problem:not-found"


@pytest.mark.parametrize(("path", "allowed"), PATHS.items(), ids=PATHS)
async def test_another_method_is_a_405_that_names_those_of_the_path(
    client: AsyncClient, path: str, allowed: set[str]
) -> None:
    for method in sorted({*METHODS, "PROPFIND"} - allowed):
        response = await client.request(method, path)
        assert set(response.headers["allow"].split(", ")) == allowed, method
        if method == "HEAD":
            assert response.status_code == 405
        else:
            assert all(name in problem(response, 405)["detail"] for name in allowed)


@pytest.mark.parametrize("path", ["/docs/assets/swagger-ui.css", "/openapi.json", "/docs"])
async def test_files_and_documents_are_only_read(client: AsyncClient, path: str) -> None:
    for method in ("POST", "PUT", "DELETE"):
        refused = await client.request(method, path)
        problem(refused, 405)
        assert set(refused.headers["allow"].split(", ")) <= {"GET", "HEAD"}


@pytest.mark.parametrize(("method", "path"), BODY_CALLS)
@pytest.mark.parametrize(
    "media_type", ["application/x-www-form-urlencoded", "text/plain", "text/json", "*/*", "json"]
)
async def test_a_plain_curl_d_is_told_which_types_are_taken(
    client: AsyncClient, method: str, path: str, media_type: str
) -> None:
    await store(client, pattern(pattern_id="a"))
    body = ndjson([pattern()])
    headers = {"Content-Type": media_type}
    refused = problem(await client.request(method, path, content=body, headers=headers), 415)
    assert refused["type"] == "urn:pattern-store:problem:unsupported-media-type"
    assert media_type in refused["detail"]
    assert "application/json" in refused["detail"]


@pytest.mark.parametrize(("method", "path"), BODY_CALLS)
async def test_single_calls_take_no_lines_and_other_charsets(
    client: AsyncClient, method: str, path: str
) -> None:
    wrong = ["application/json; charset=latin-1", 'application/json;charset="utf-16"']
    if not path.endswith("batch"):
        wrong.append("application/x-ndjson")
    if method != "PATCH":
        wrong.append("application/merge-patch+json")
    for media_type in wrong:
        headers = {"Content-Type": media_type}
        problem(await client.request(method, path, content=b"{}", headers=headers), 415)


@pytest.mark.parametrize(("method", "path"), BODY_CALLS)
async def test_an_unknown_coding_is_a_415_everywhere(
    client: AsyncClient, method: str, path: str
) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "br"}
    refused = await client.request(method, path, content=b"{}", headers=headers)
    assert "gzip" in problem(refused, 415)["detail"]


@pytest.fixture
def failing(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have every method of the storage fail in a given way."""

    def fail_with(error: Exception) -> None:
        async def fail(*args: object, **kwargs: object) -> None:
            raise error

        storage = app.state.parts.service.storage
        names = ("ping", "get", "fetch", "insert_many", "update", "delete_many", "query", "count")
        for name in (*names, "changes", "matching", "expired", "tally_expired", "summary"):
            monkeypatch.setattr(storage, name, fail)

    return fail_with


STORAGE_CALLS = [
    ("POST", "/v1/patterns"),
    ("PUT", "/v1/patterns/a"),
    ("PATCH", "/v1/patterns/a"),
    ("GET", "/v1/patterns/a"),
    ("DELETE", "/v1/patterns/a"),
    ("GET", "/v1/patterns"),
    ("GET", "/v1/count"),
    ("GET", "/v1/export"),
    ("DELETE", "/v1/patterns?tags=a"),
    ("GET", "/v1/stats"),
    ("POST", "/v1/lifecycle/retention"),
]


@pytest.mark.parametrize(("method", "path"), STORAGE_CALLS)
async def test_a_failure_inside_tells_nothing_of_the_inside(
    client: AsyncClient,
    failing: Any,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
) -> None:
    failing(RuntimeError("secret: /home/ada/patterns.db"))
    with caplog.at_level(logging.ERROR):
        response = await client.request(method, path, json=pattern())
    refused = problem(response, 500)
    assert refused["type"] == "urn:pattern-store:problem:internal"
    for inside in ("secret", "/home", "RuntimeError", "Traceback", "patterns.db", ".py"):
        assert inside not in response.text
    assert "secret" in caplog.text, "the log has it"


@pytest.mark.parametrize(("method", "path"), [*STORAGE_CALLS, ("GET", "/readyz")])
async def test_a_storage_that_does_not_answer_is_a_503_worth_retrying(
    client: AsyncClient, failing: Any, method: str, path: str
) -> None:
    failing(StorageUnavailable("The database does not answer: disk I/O error."))
    response = await client.request(method, path, json=pattern())
    refused = problem(response, 503)
    assert refused["type"] == "urn:pattern-store:problem:storage-unavailable"
    assert int(response.headers["retry-after"]) >= 1


async def test_a_batch_that_fails_tells_what_was_stored(client: AsyncClient, failing: Any) -> None:
    failing(StorageUnavailable("The disk is full."))
    batch = [pattern(), {}, pattern()]
    refused = problem(await client.post("/v1/patterns/batch", json=batch), 503)
    assert (refused["received"], refused["stored"], refused["rejected"]) == (3, 0, 1)
    assert [error["index"] for error in refused["errors"]] == [1]
    assert refused["detail"] == "The disk is full."


async def test_the_service_is_alive_whatever_the_storage_does(
    client: AsyncClient, failing: Any
) -> None:
    failing(RuntimeError("gone"))
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/metrics")).status_code == 200
