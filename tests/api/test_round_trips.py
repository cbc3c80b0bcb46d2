"""Any valid pattern comes back as it was posted, whichever way; anything else is refused."""

import gzip
import json
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from app.cli import app as command_line
from tests.api.answers import JSON, LINES, MERGE_PATCH, exactly, without
from tests.api.strategies import JSON as ANY_JSON
from tests.api.strategies import Moment, bodies, moments, nearly_patterns, patterns
from tests.live import live_service
from tests.patterns import ndjson, pattern

by_id = itemgetter("pattern_id")

STORES = st.lists(patterns(), min_size=1, max_size=5, unique_by=by_id)
"""The patterns of a small store."""

FEWER = settings(max_examples=settings().max_examples // 3)
"""For tests of many requests each, and for tests of many parameters."""


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service that all examples share."""
    folder = tmp_path_factory.mktemp("round_trips")
    with (
        live_service(folder, PATTERNS_SYNCHRONOUS="normal") as service,
        httpx.Client(base_url=service.url) as client,
    ):
        yield client


def as_returned(posted: dict[str, Any], timestamp: str) -> dict[str, Any]:
    """What the service makes of a pattern, `stored` apart."""
    defaults = {"context": {}, "version": "1.0"}
    return defaults | without(posted, "stored") | {"timestamp": timestamp}


def exported(http: httpx.Client) -> list[dict[str, Any]]:
    lines = http.get("/v1/export").raise_for_status().content.split(b"\n")
    return [json.loads(line) for line in lines if line]


def empty(http: httpx.Client) -> None:
    http.delete("/v1/patterns", params={"start_date": "0001-01-01"}).raise_for_status()


@given(posted=patterns(), moment=moments())
def test_a_pattern_comes_back_as_posted(
    http: httpx.Client, posted: dict[str, Any], moment: Moment
) -> None:
    path = f"/v1/patterns/{posted['pattern_id']}"
    http.delete(path)
    posted["timestamp"] = moment.written

    created = http.post("/v1/patterns", json=posted)
    assert created.status_code == 201
    answer = created.json()
    assert exactly(without(answer, "stored")) == exactly(as_returned(posted, moment.normal))
    found = http.get(path)
    assert found.content == created.content

    for again in (
        http.post("/v1/patterns", json=posted),
        http.put(path, json=posted),
        http.put(path, json=found.json()),
        http.patch(path, json={}),
    ):
        assert again.status_code == 200
        assert again.content == found.content, "the same again changes nothing"
        assert again.headers["ETag"] == found.headers["ETag"]


@given(posted=patterns())
def test_what_was_left_out_gets_its_default(http: httpx.Client, posted: dict[str, Any]) -> None:
    answer = http.post("/v1/patterns", json=without(posted, "pattern_id")).json()
    received = answer["stored"]["at"]
    expected = as_returned(posted | {"pattern_id": answer["pattern_id"]}, received)
    assert exactly(without(answer, "stored")) == exactly(expected)


@pytest.mark.parametrize("form", ["array", "lines"])
@FEWER
@given(store=STORES)
def test_a_batch_comes_back_as_posted_and_as_exported(
    http: httpx.Client, form: str, store: list[dict[str, Any]]
) -> None:
    empty(http)
    unended = ndjson(store).removesuffix(b"\n")
    body = unended if form == "lines" else json.dumps(store, ensure_ascii=False).encode()
    headers = LINES if form == "lines" else JSON
    counts = http.post("/v1/patterns/batch", content=body, headers=headers).json()
    assert counts["stored"] == counts["received"] == len(store)
    first = exported(http)
    queried = http.get("/v1/patterns", params={"order": "oldest"}).json()["items"]
    assert exactly(sorted(queried, key=by_id)) == exactly(sorted(first, key=by_id))
    for posted, answer in zip(store, first, strict=True):
        expected = as_returned(posted, answer["stored"]["at"])
        assert exactly(without(answer, "stored")) == exactly(expected)

    empty(http)
    http.post("/v1/patterns/batch", content=ndjson(first), headers=LINES)
    second = [without(answer, "stored") for answer in exported(http)]
    assert exactly(second) == exactly([without(answer, "stored") for answer in first])


@FEWER
@given(store=STORES)
def test_an_export_imported_with_preserve_is_exported_the_same(
    tmp_path_factory: pytest.TempPathFactory, store: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("stores")
    (folder / "0.ndjson").write_bytes(ndjson(store))
    for number, option in ((0, []), (1, ["--preserve"])):
        run(["import", *option, f"{folder}/{number}.ndjson"], folder / f"{number}.db")
        run(["export", f"{folder}/{number + 1}.ndjson"], folder / f"{number}.db")
    assert (folder / "2.ndjson").read_bytes() == (folder / "1.ndjson").read_bytes()
    assert len((folder / "2.ndjson").read_bytes().splitlines()) == len(store)


def run(arguments: list[str], database: Path) -> None:
    """Run a command of the command line on a store."""
    result = CliRunner().invoke(
        command_line, [*arguments, "--storage-url", f"sqlite:///{database}"]
    )
    assert result.exit_code == 0, result.output


@given(value=ANY_JSON | nearly_patterns())
def test_any_json_is_taken_or_refused_as_validate_says(http: httpx.Client, value: Any) -> None:
    if isinstance(value, dict) and isinstance(value.get("pattern_id"), str):
        empty(http)
    body = json.dumps(value)
    verdict = http.post("/v1/validate", content=body, headers=JSON)
    assert verdict.status_code == 200
    posted = http.post("/v1/patterns", content=body, headers=JSON)
    if verdict.json()["valid"]:
        assert posted.status_code == 201
    else:
        assert posted.status_code == 422
        assert posted.json()["errors"] == verdict.json()["errors"]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/v1/patterns", JSON),
        ("POST", "/v1/validate", JSON),
        ("PUT", "/v1/patterns/kept", JSON),
        ("PATCH", "/v1/patterns/kept", MERGE_PATCH),
        ("POST", "/v1/patterns/batch", JSON),
        ("POST", "/v1/patterns/batch", LINES),
        ("POST", "/v1/patterns/batch", LINES | {"Content-Encoding": "gzip"}),
        ("POST", "/v1/patterns/batch", LINES | {"Content-Encoding": "zstd"}),
    ],
)
@FEWER
@given(body=bodies() | bodies().map(gzip.compress) | bodies().map(lambda b: gzip.compress(b)[:-4]))
def test_no_body_whatever_makes_the_service_fail(
    http: httpx.Client, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    http.put("/v1/patterns/kept", json=pattern(timestamp="2026-01-15"))
    answer = http.request(method, path, content=body, headers=headers)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
