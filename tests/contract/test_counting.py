"""How many match, by type; with whole days, projects and types from sums kept by day."""

from itertools import product
from random import Random

import pytest

from app.schemas.filters import Filters
from app.schemas.records import Record
from app.schemas.timestamps import DAY
from app.storage.base import Count, Storage
from tests.contract.reading import delete
from tests.oracle import Question, matches
from tests.questions import filters_of, made_up_patterns
from tests.records import record

PATTERNS = made_up_patterns(Random(11), 300)
DAYS = ("0001-01-01", "1969-12-31", "2025-12-31", "2026-01-01", "2026-01-02", "9999-12-31")


def counted(question: Question) -> dict[str, int]:
    types = [pattern["pattern_type"] for pattern in PATTERNS if matches(pattern, question)]
    return {name: types.count(name) for name in set(types)}


@pytest.fixture
async def filled(storage: Storage) -> Storage:
    """A store that holds the made-up patterns."""
    await storage.insert_many([record(**pattern) for pattern in PATTERNS])
    return storage


async def test_an_empty_store_counts_nothing(storage: Storage) -> None:
    assert await storage.count(Filters()) == Count({}, exact=True)
    assert await storage.count(Filters(agent="developer")) == Count({}, exact=True)


@pytest.mark.parametrize("asked", [{}, {"project_name": "beta"}, {"pattern_type": ["agent_usage"]}])
async def test_counts_of_whole_days_are_those_of_a_plain_loop(
    filled: Storage, asked: Question
) -> None:
    for start, end in product((None, *DAYS), repeat=2):
        dates = {"start_date": start, "end_date": end}
        question = asked | {name: day for name, day in dates.items() if day is not None}
        count = await filled.count(filters_of(question))
        assert (count.exact, dict(count.by_type)) == (True, counted(question)), question


async def test_a_day_cut_by_a_microsecond_is_counted_to_the_microsecond(filled: Storage) -> None:
    whole = filters_of({"start_date": "2026-01-01", "end_date": "2026-01-01"})
    assert whole.start is not None
    at_midnight = filters_of({"start_date": "2026-01-01", "end_date": "2026-01-01T00:00:00Z"})
    after_it = Filters(start=whole.start + 1, end=whole.start + DAY - 1)
    counts = [await filled.count(filters) for filters in (at_midnight, after_it, whole)]
    first, rest, both = (sum(count.by_type.values()) for count in counts)
    assert first > 0
    assert rest > 0
    assert first + rest == both


async def test_counts_by_day_follow_updates_and_deletions(storage: Storage) -> None:
    def new(pattern_id: str, project: str) -> Record:
        context = {"project_name": project}
        return record(pattern_id, timestamp="2026-01-01T10:00:00Z", context=context)

    await storage.insert_many([new("a", "first"), new("b", "first")])
    await storage.update(new("a", "second"), seq=1)
    for project in ("first", "second"):
        count = await storage.count(Filters(project_name=project))
        assert count.by_type == {"task_completion": 1}
    await delete(storage, "a")
    assert (await storage.count(Filters(project_name="second"))).by_type == {}
    await delete(storage, "b")
    assert await storage.count(Filters()) == Count({}, exact=True)


async def test_a_pattern_with_a_tag_twice_or_with_two_of_those_asked_for_counts_once(
    storage: Storage,
) -> None:
    await storage.insert(record("a", context={"tags": ["x", "y", "x"]}))
    for filters in (Filters(any_tags=("x", "y")), Filters(tags=("x", "y")), Filters(tags=("x",))):
        assert (await storage.count(filters)).by_type == {"task_completion": 1}
