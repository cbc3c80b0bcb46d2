"""`GET /v1/stats`: the store at a glance."""

from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import store, store_all
from tests.patterns import DATA, pattern


async def stats(client: AsyncClient) -> Any:
    response = await client.get("/v1/stats")
    assert response.status_code == 200
    return response.json()


async def test_an_empty_store(client: AsyncClient) -> None:
    found = await stats(client)
    assert found["total"] == 0
    assert found["by_type"] == dict.fromkeys(DATA, 0)
    assert found["by_day"] == []
    assert found["oldest"] is None
    assert found["newest"] is None
    assert found["in_future"] == 0
    assert found["last_seq"] == 0
    assert found["size_bytes"] > 0
    assert found["compression"] == {"raw_bytes": 0, "document_bytes": 0, "ratio": 1.0}


async def test_patterns_are_summed_by_type_and_by_utc_day(client: AsyncClient) -> None:
    posted = {
        "2026-01-01T00:00:00Z": "task_completion",
        "2026-01-01T23:59:59.999999Z": "agent_usage",
        "2026-01-02T00:30:00+01:00": "agent_usage",
        "2026-01-02T00:00:00Z": "error_occurrence",
        "0001-01-01T00:00:00Z": "user_correction",
        "1969-12-31T23:59:59Z": "user_correction",
    }
    await store_all(client, [pattern(name, timestamp=time) for time, name in posted.items()])
    found = await stats(client)
    assert found["total"] == 6
    assert found["by_type"] == {
        "task_completion": 1,
        "error_occurrence": 1,
        "agent_usage": 2,
        "user_correction": 2,
    }
    assert found["by_day"] == [
        {"day": "0001-01-01", "count": 1, "by_type": {"user_correction": 1}},
        {"day": "1969-12-31", "count": 1, "by_type": {"user_correction": 1}},
        {"day": "2026-01-01", "count": 3, "by_type": {"agent_usage": 2, "task_completion": 1}},
        {"day": "2026-01-02", "count": 1, "by_type": {"error_occurrence": 1}},
    ]
    assert found["oldest"] == "0001-01-01T00:00:00.000000Z"
    assert found["newest"] == "2026-01-02T00:00:00.000000Z"


async def test_changes_and_deletions_are_told_at_once(client: AsyncClient) -> None:
    await store_all(client, [pattern(pattern_id=name, timestamp="2026-01-01") for name in "abc"])
    before = await stats(client)
    await client.patch("/v1/patterns/a", json={"x": "y" * 1000})
    patched = await stats(client)
    assert patched["total"] == 3
    assert patched["last_seq"] == before["last_seq"] + 1
    raw = [told["compression"]["raw_bytes"] for told in (before, patched)]
    assert raw[1] - raw[0] > 1000
    await client.delete("/v1/patterns", params={"pattern_id": ["a", "b"]})
    assert (await stats(client))["by_day"] == [
        {"day": "2026-01-01", "count": 1, "by_type": {"task_completion": 1}}
    ]
    await client.delete("/v1/patterns/c")
    empty = await stats(client)
    assert (empty["total"], empty["by_day"], empty["oldest"]) == (0, [], None)


async def test_patterns_of_the_future_are_counted(client: AsyncClient) -> None:
    for time in ("2026-01-15T11:59:59Z", "2026-01-15T12:30:00Z", "2027-01-01", "9999-12-31"):
        await store(client, pattern(timestamp=time))
    found = await stats(client)
    assert found["in_future"] == 3
    assert found["newest"] == "9999-12-31T00:00:00.000000Z"


class TestRetention:
    """The settings of retention, and what it deletes next."""

    @pytest.fixture
    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        by_type = {"error_occurrence": 365, "agent_usage": 0}
        return settings | {"retention_days_by_type": by_type, "retention_grace_days": 0}

    async def test_settings_and_what_is_due(self, client: AsyncClient) -> None:
        for name in DATA:
            for time in ("2026-01-14", "2025-09-01", "2020-01-01"):
                await store(client, pattern(name, timestamp=time))
        assert (await stats(client))["retention"] == {
            "days": {
                "task_completion": 90,
                "error_occurrence": 365,
                "agent_usage": 0,
                "user_correction": 90,
            },
            "grace_days": 0,
            "max_patterns": 0,
            "max_bytes": 0,
            "kept_by_grace": 0,
            "due": 5,
            "due_by_type": {
                "task_completion": 2,
                "error_occurrence": 1,
                "agent_usage": 0,
                "user_correction": 2,
            },
        }
