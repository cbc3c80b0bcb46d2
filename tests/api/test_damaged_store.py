"""A pattern that a disk has changed: named, never returned, and no trouble for the others."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from httpx import AsyncClient

from tests.api.answers import problem
from tests.api.commands import pattern_store_process
from tests.patterns import pattern


@pytest.fixture
def storage_url(tmp_path: Path) -> str:
    """A database; a tree of files would mend itself."""
    return f"sqlite:///{tmp_path}/patterns.db"


@pytest.fixture
async def damaged(client: AsyncClient, tmp_path: Path) -> AsyncClient:
    """A client of a store of `a`, `b` and `c`, of which `b` says something else than was posted."""
    for name in "abc":
        posted = pattern(pattern_id=name, context={"project_name": name})
        assert (await client.post("/v1/patterns", json=posted)).status_code == 201
    with closing(sqlite3.connect(tmp_path / "patterns.db")) as database, database:
        database.execute(
            "UPDATE documents SET document = CAST(replace(document, '2500', '2600') AS BLOB)"
            " WHERE seq = 2"
        )
    return client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/patterns/b"),
        ("GET", "/v1/patterns"),
        ("GET", "/v1/export"),
        ("PATCH", "/v1/patterns/b"),
        ("DELETE", "/v1/patterns/b"),
    ],
)
async def test_what_needs_it_is_a_503_that_names_it(
    damaged: AsyncClient, tmp_path: Path, method: str, path: str
) -> None:
    answer = await damaged.request(method, path, json={} if method == "PATCH" else None)
    body = problem(answer, 503)
    assert body["type"] == "urn:pattern-store:problem:damaged-store"
    assert "pattern 'b'" in body["detail"]
    assert "pattern-store check" in body["detail"]
    assert str(tmp_path) not in answer.text
    assert "retry-after" not in answer.headers


async def test_all_else_is_answered(damaged: AsyncClient) -> None:
    for path in ("/v1/patterns/a", "/v1/patterns/c", "/v1/patterns?project_name=c", "/v1/stats"):
        assert (await damaged.get(path)).status_code == 200
    assert (await damaged.get("/v1/count")).json()["count"] == 3
    assert (await damaged.get("/readyz")).status_code == 200
    assert (await damaged.post("/v1/patterns", json=pattern())).status_code == 201


async def test_it_can_be_deleted_by_a_filter_and_posted_again(damaged: AsyncClient) -> None:
    deleted = await damaged.delete("/v1/patterns?pattern_id=b")
    assert deleted.json() == {"matched": 1, "deleted": 1}
    assert (await damaged.post("/v1/patterns", json=pattern(pattern_id="b"))).status_code == 201
    assert len((await damaged.get("/v1/patterns")).json()["items"]) == 3


async def test_a_check_names_it_and_says_what_helps(damaged: AsyncClient, tmp_path: Path) -> None:
    assert (await damaged.get("/healthz")).status_code == 200
    result = await asyncio.to_thread(pattern_store_process, tmp_path, "check")
    assert result.status == 1
    assert "b: its document is damaged: it differs from its checksum\n" in result.output
    assert "pattern-store restore" in result.errors
