"""Each filter, alone and with others, against a plain loop over the same patterns."""

from random import Random
from typing import Any

import pytest

from app.schemas.filters import Filters, Order
from app.schemas.timestamps import parse_timestamp
from app.schemas.words import Phrase
from app.storage.base import Storage
from tests.contract.reading import all_changes, paged_ids
from tests.oracle import Question, found_by
from tests.questions import STORAGE_FILTERS, filters_of, made_up_patterns, question_about
from tests.records import NOON, record

PATTERNS = made_up_patterns(Random(2026), 400)
TYPES = {pattern["pattern_id"]: pattern["pattern_type"] for pattern in PATTERNS}


@pytest.fixture
async def filled(storage: Storage) -> Storage:
    """A store that holds the made-up patterns, in another order than that of time."""
    shuffled = Random(7).sample(PATTERNS, len(PATTERNS))
    await storage.insert_many([record(**pattern) for pattern in shuffled])
    return storage


async def assert_answered(storage: Storage, question: Question, expected: list[str]) -> None:
    """Every way of asking gives what is expected, the oldest first."""
    filters = filters_of(question)
    assert await paged_ids(storage, filters, order=Order.OLDEST) == expected, question
    assert await paged_ids(storage, filters, order=Order.NEWEST) == expected[::-1], question
    by_seq = [change.pattern_id for change in await all_changes(storage, 0, filters)]
    assert sorted(by_seq) == sorted(expected), question
    assert await storage.matching(filters) == [
        (await storage.fetch(pattern_id)).stored.seq for pattern_id in by_seq
    ]
    count = await storage.count(filters)
    assert count.exact
    types = [TYPES[pattern_id] for pattern_id in expected]
    assert dict(count.by_type) == {name: types.count(name) for name in set(types)}, question


@pytest.mark.parametrize("name", STORAGE_FILTERS)
async def test_a_filter_finds_what_a_plain_loop_finds(filled: Storage, name: str) -> None:
    random = Random(name)
    asked = [question_about(pattern, [name], random) for pattern in random.sample(PATTERNS, 60)]
    questions = [question for question in asked if question][:15]
    assert questions
    answers = [found_by(question, PATTERNS) for question in questions]
    assert 0 < min(map(len, answers)) < len(PATTERNS)
    for question, expected in zip(questions, answers, strict=True):
        await assert_answered(filled, question, expected)


@pytest.mark.parametrize("number", [2, 3, 5, 9])
async def test_filters_together_find_what_passes_all_of_them(filled: Storage, number: int) -> None:
    random = Random(number)
    for pattern in random.sample(PATTERNS, 40):
        question = question_about(pattern, random.sample(STORAGE_FILTERS, number), random)
        expected = found_by(question, PATTERNS)
        assert pattern["pattern_id"] in expected
        await assert_answered(filled, question, expected)


async def test_no_filter_finds_everything(filled: Storage) -> None:
    await assert_answered(filled, {}, found_by({}, PATTERNS))


@pytest.mark.parametrize(
    "question",
    [
        {"agent": "nobody"},
        {"tags": ["alpha", "no such tag"]},
        {"any_tags": ["no such tag"]},
        {"pattern_id": ["id-0001'--", "ID-0001"]},
        {"project_name": "%"},
        {"projects": ["%", "ALPHA"]},
        {"project_name": "alpha", "projects": ["beta"]},
        {"session_id": "nul"},
        {"session_id": "nul\0"},
        {"q": "nowhere"},
        {"q": '"null is value"'},
        {"start_date": "2026-01-05", "end_date": "2026-01-04"},
        {"min_duration_ms": 2, "max_duration_ms": 1},
    ],
)
async def test_what_nothing_matches_finds_nothing(filled: Storage, question: Question) -> None:
    assert found_by(question, PATTERNS) == []
    await assert_answered(filled, question, [])


@pytest.mark.parametrize(
    "filters",
    [
        Filters(any_tags=tuple(f"tag{number}" for number in range(1, 3000))),
        Filters(tags=tuple(f"tag{number}" for number in range(3000))),
        Filters(tags=("tag1", "tag1"), any_tags=("tag1", "tag1", "tag2")),
        Filters(phrases=tuple(Phrase((f"word{number}",)) for number in range(3000))),
        Filters(phrases=(Phrase(tuple(f"word{number}" for number in range(3000))),)),
        Filters(pattern_ids=tuple(f"id{number}" for number in range(100)), tags=("tag1",)),
    ],
    ids=["any_tags", "tags", "repeated", "words", "phrase", "ids"],
)
async def test_a_filter_takes_as_many_values_as_a_request_can_hold(
    storage: Storage, filters: Filters
) -> None:
    every_tag = [f"tag{number}" for number in range(3000)]
    text = " ".join(f"word{number}" for number in range(3000))
    data = {"error_message": text}
    await storage.insert_many(
        [
            record("id1", "error_occurrence", data=data, context={"tags": every_tag}),
            record("id2", "error_occurrence", context={"tags": ["tag0"]}),
        ]
    )
    assert await paged_ids(storage, filters) == ["id1"]
    assert (await storage.count(filters)).by_type == {"error_occurrence": 1}
    assert await storage.matching(filters) == [1]
    assert len(await all_changes(storage, 0, filters)) == 1


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(start=NOON), ["at", "after"]),
        (Filters(start=NOON + 1), ["after"]),
        (Filters(end=NOON), ["before", "at"]),
        (Filters(end=NOON - 1), ["before"]),
        (Filters(start=NOON, end=NOON), ["at"]),
    ],
)
async def test_both_ends_of_a_time_are_inclusive_to_the_microsecond(
    storage: Storage, filters: Filters, found: list[str]
) -> None:
    times = {"before": ".999999", "at": ".000000", "after": ".000001"}
    await storage.insert_many(
        [
            record(
                name,
                timestamp=f"2026-01-15T{'11:59:59' if name == 'before' else '12:00:00'}{fraction}",
            )
            for name, fraction in times.items()
        ]
    )
    assert await paged_ids(storage, filters, order=Order.OLDEST) == found


@pytest.mark.parametrize("duration", [2**63 - 1, 2**63, 2**64, 10**300])
async def test_durations_beyond_all_limits_are_longer_than_any_asked_for(
    storage: Storage, duration: int
) -> None:
    await storage.insert(record("a", data={"duration_ms": duration}))
    assert await paged_ids(storage, Filters(min_duration_ms=2**63 - 2)) == ["a"]
    assert await paged_ids(storage, Filters(max_duration_ms=2**63 - 2)) == []
    assert (await storage.fetch("a")).content()["data"]["duration_ms"] == duration


@pytest.mark.parametrize(
    ("data", "filters"),
    [
        ({"duration_ms": "250"}, Filters(min_duration_ms=0)),
        ({"duration_ms": True}, Filters(min_duration_ms=0)),
        ({"duration_ms": -5}, Filters(max_duration_ms=9)),
        ({"duration_ms": 2.5}, Filters(max_duration_ms=9)),
        ({"success": 1}, Filters(success=True)),
        ({"severity": ["minor"]}, Filters(severity="minor")),
        ({"agent": {"name": "x"}}, Filters(agent="x")),
        ({"task_type": None}, Filters(task_type="None")),
    ],
)
async def test_unknown_fields_of_another_type_are_stored_and_pass_no_filter(
    storage: Storage, data: dict[str, Any], filters: Filters
) -> None:
    await storage.insert(record("a", "error_occurrence", data=data))
    assert await paged_ids(storage, filters) == []
    assert await paged_ids(storage) == ["a"]


async def test_text_is_searched_in_each_field_and_no_phrase_reaches_from_one_into_the_next(
    storage: Storage,
) -> None:
    data = {
        "error_type": "One",
        "error_message": "two",
        "stack_trace": "three 四",
        "resolution": "five",
    }
    await storage.insert(record("a", "error_occurrence", data=data))
    for question, found in (
        ({"q": "one two three 四 five"}, ["a"]),
        ({"q": '"one two"'}, []),
        ({"q": '"two three"'}, []),
        ({"q": '"四 five"'}, []),
        ({"q": '"three 四"'}, ["a"]),
    ):
        assert await paged_ids(storage, filters_of(question)) == found, question


async def test_the_extremes_of_time_are_in_order(storage: Storage) -> None:
    times = [
        "0001-01-01",
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01",
        "9999-12-31T23:59:59.999999Z",
    ]
    await storage.insert_many(
        [record(f"t{index}", timestamp=text) for index, text in enumerate(times)]
    )
    assert await paged_ids(storage, order=Order.OLDEST) == ["t0", "t1", "t2", "t3"]
    ends = Filters(start=parse_timestamp(times[0]), end=parse_timestamp(times[-1]))
    assert await paged_ids(storage, ends) == ["t3", "t2", "t1", "t0"]
