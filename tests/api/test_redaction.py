"""Secrets never reach the store: by whatever call they come, and however often."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import LINES, MERGE_PATCH, problem, store, without
from tests.api.commands import pattern_store, succeeded
from tests.patterns import pattern

SECRET = "hunter2"
TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3
LEAKING = pattern(
    "error_occurrence",
    pattern_id="e1",
    timestamp="2025-11-29T10:00:00Z",
    data={"error_message": f"login failed: password={SECRET}", "stack_trace": f"at {TOKEN}"},
    context={"metadata": {"env": {"DB_PASSWORD": SECRET}}},
)
CLEAN = pattern(
    "error_occurrence",
    pattern_id="e1",
    timestamp="2025-11-29T10:00:00.000000Z",
    data={
        "error_message": "login failed: password=[redacted:password]",
        "stack_trace": "at [redacted:github-token]",
    },
    context={"metadata": {"env": {"DB_PASSWORD": "[redacted:password]"}}},
    version="1.0",
)


def holds_secret(folder: Path) -> bool:
    """Whether any file below a folder has the secret in it, packed or not."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            content += gzip.decompress(content) if path.suffix == ".gz" else b""
            if SECRET.encode() in content or TOKEN.encode() in content:
                return True
    return False


def exported(folder: Path) -> dict[str, Any]:
    """The one pattern in the store."""
    (line,) = succeeded(pattern_store(folder, "export")).splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


async def test_a_post_is_stored_without_its_secrets(client: AsyncClient, tmp_path: Path) -> None:
    created = await store(client, LEAKING)
    assert without(created, "stored") == CLEAN
    assert created["stored"]["redacted"] == 3
    assert (await client.get("/v1/patterns/e1")).json() == created
    assert (await client.get("/v1/count", params={"q": SECRET})).json()["count"] == 0
    assert not holds_secret(tmp_path)


async def test_a_pattern_without_secrets_says_nothing_of_them(client: AsyncClient) -> None:
    assert "redacted" not in (await store(client, pattern()))["stored"]


async def test_a_retry_with_secrets_is_recognised(client: AsyncClient) -> None:
    created = await store(client, LEAKING)
    again = await client.post("/v1/patterns", json=LEAKING)
    assert (again.status_code, again.json()) == (200, created)
    patch = {"data": {"resolution": "Rotate it."}}
    patched = await client.patch("/v1/patterns/e1", json=patch, headers=MERGE_PATCH)
    again = await client.post("/v1/patterns", json=LEAKING)
    assert (again.status_code, again.json()) == (200, patched.json())
    lines = "".join(f"{json.dumps(LEAKING)}\n" for _ in range(2))
    counts = (await client.post("/v1/patterns/batch", content=lines, headers=LINES)).json()
    assert (counts["stored"], counts["duplicates"]) == (0, 2)
    other = LEAKING | {"data": LEAKING["data"] | {"error_message": "another"}}
    problem(await client.post("/v1/patterns", json=other), 409)


async def test_what_was_read_can_be_put_back(client: AsyncClient) -> None:
    created = await store(client, LEAKING)
    for same in (created, CLEAN, LEAKING):
        answer = await client.put("/v1/patterns/e1", json=same)
        assert (answer.status_code, answer.json()) == (200, created)


async def test_a_put_and_a_patch_are_redacted(client: AsyncClient, tmp_path: Path) -> None:
    put = await client.put("/v1/patterns/e1", json=LEAKING)
    assert (put.status_code, without(put.json(), "stored")) == (201, CLEAN)
    patch = {"data": {"resolution": f"use {TOKEN}", "stack_trace": None}}
    patched = await client.patch("/v1/patterns/e1", json=patch, headers=MERGE_PATCH)
    assert patched.json()["data"]["resolution"] == "use [redacted:github-token]"
    assert patched.json()["stored"]["redacted"] == 3
    replaced = await client.put("/v1/patterns/e1", json=LEAKING)
    assert without(replaced.json(), "stored") == CLEAN
    assert not holds_secret(tmp_path)


@pytest.mark.parametrize("on_conflict", ["reject", "replace"])
async def test_a_batch_is_redacted(client: AsyncClient, tmp_path: Path, on_conflict: str) -> None:
    await store(client, pattern("error_occurrence", pattern_id="e1", timestamp=CLEAN["timestamp"]))
    other = LEAKING | {"pattern_id": "e2"}
    await client.post(
        "/v1/patterns/batch", json=[LEAKING, other], params={"on_conflict": on_conflict}
    )
    assert (await client.get("/v1/patterns/e2")).json()["data"] == CLEAN["data"]
    replaced = (await client.get("/v1/patterns/e1")).json()["data"] == CLEAN["data"]
    assert replaced == (on_conflict == "replace")
    assert not holds_secret(tmp_path)


async def test_the_metrics_count_secrets_by_kind(client: AsyncClient) -> None:
    await store(client, LEAKING)
    metrics = (await client.get("/metrics")).text
    assert 'pattern_store_secrets_redacted_total{kind="password"} 2.0' in metrics
    assert 'pattern_store_secrets_redacted_total{kind="github-token"} 1.0' in metrics


async def test_no_error_repeats_a_secret(client: AsyncClient) -> None:
    wrong: dict[str, Any] = LEAKING | {"data": LEAKING["data"] | {"line_number": SECRET}}
    answer = await client.post("/v1/patterns", json=wrong)
    problem(answer, 422)
    assert SECRET not in answer.text


class TestSwitchedOff:
    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        return settings | {"redact_secrets": False}

    async def test_all_is_stored_as_it_came(self, client: AsyncClient) -> None:
        created = await store(client, LEAKING)
        assert created["data"] == LEAKING["data"]
        assert created["context"] == LEAKING["context"]
        assert "redacted" not in created["stored"]


def test_an_import_is_redacted_and_an_export_of_it_is_lossless(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    succeeded(pattern_store(first, "import", "-", given=json.dumps(LEAKING)))
    line = exported(first)
    assert (without(line, "stored"), line["stored"]["redacted"]) == (CLEAN, 3)
    assert not holds_secret(first)
    text = succeeded(pattern_store(first, "export"))
    succeeded(pattern_store(second, "import", "-", "--preserve", given=text))
    assert succeeded(pattern_store(second, "export")) == text, "byte for byte"
    copy = f"sqlite:///{tmp_path}/copy.db"
    said = succeeded(pattern_store(first, "migrate", f"sqlite:///{first}/patterns.db", copy))
    assert "The two hold the same." in said


def test_what_was_stored_before_is_redacted_by_an_import_of_its_export(tmp_path: Path) -> None:
    off = {"PATTERNS_REDACT_SECRETS": "false"}
    succeeded(pattern_store(tmp_path, "import", "-", given=json.dumps(LEAKING), **off))
    text = succeeded(pattern_store(tmp_path, "export"))
    assert SECRET in text
    succeeded(pattern_store(tmp_path, "import", "-", "--on-conflict", "replace", given=text))
    assert without(exported(tmp_path), "stored") == CLEAN
