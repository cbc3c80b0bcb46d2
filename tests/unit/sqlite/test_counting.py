"""Counting stops where going on would cost too much, and then says so."""

import pytest

from app.schemas.filters import Filters
from app.storage.index import reading
from app.storage.sqlite import SQLiteStorage
from tests.records import record, records


@pytest.fixture(autouse=True)
def low_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting one by one stops after ten."""
    monkeypatch.setattr(reading, "COUNT_LIMIT", 10)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(agent="developer"),
        Filters(success=True),
        Filters(tags=("a",)),
        Filters(any_tags=("a", "b")),
        Filters(pattern_types=("task_completion", "agent_usage"), environment="staging"),
    ],
)
async def test_a_count_beyond_the_limit_is_at_least_as_many_and_says_so(
    storage: SQLiteStorage, filters: Filters
) -> None:
    context = {"tags": ["a", "b"], "environment": "staging"}
    await storage.insert_many(records(10, context=context))
    count = await storage.count(filters)
    assert (count.exact, count.by_type) == (True, {"task_completion": 10})
    await storage.insert_many(records(10, "q", context=context))
    count = await storage.count(filters)
    assert not count.exact
    assert 10 < count.by_type["task_completion"] <= 20


async def test_a_count_from_the_daily_sums_is_exact_however_many_there_are(
    storage: SQLiteStorage,
) -> None:
    await storage.insert_many([*records(30), record("other", "agent_usage")])
    count = await storage.count(Filters())
    assert (count.exact, count.by_type) == (True, {"task_completion": 30, "agent_usage": 1})
