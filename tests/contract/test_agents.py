"""What patterns say of agents is never stale, whatever was written and summarised when."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.schemas.filters import Filters
from app.schemas.records import Record
from app.schemas.timestamps import DAY, HOUR, format_timestamp
from app.storage.base import Storage
from tests.conftest import BACKENDS
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, delete, findings, seq_of
from tests.durations import assert_agrees
from tests.oracle import Question
from tests.questions import STORAGE_FILTERS, filters_of, made_up_patterns, question_about
from tests.records import NOON, record, records

PATTERNS = made_up_patterns(Random(4), 400)
HOURS = (*(NOON // HOUR + offset for offset in (-36, -25, -12, 0, 1)), -1, 0)
"""Of two days and the beginning of a third, and on either side of the epoch."""


async def summarise(storage: Storage, before: int = NOON + 300 * DAY) -> int:
    """Summarise what ended before a time; how many periods."""
    return sum([done async for done in storage.summarise(before)])


def told(agent: str, hour: int, number: int, **data: Any) -> list[Record]:
    """Patterns of an agent within an hour."""
    return records(
        number,
        f"{agent}-{hour}-",
        timestamp=format_timestamp(hour * HOUR),
        data={"agent": agent, **data},
    )


async def patterns_of(storage: Storage, agent: str) -> int:
    """How many patterns name an agent."""
    return sum(figures.patterns for figures in await storage.agents(Filters(agent=agent)))


@pytest.mark.parametrize("summarised", [False, True])
@pytest.mark.parametrize("name", STORAGE_FILTERS)
async def test_a_filter_leaves_what_a_plain_loop_leaves(
    storage: Storage, name: str, summarised: bool
) -> None:
    await storage.insert_many([record(**pattern) for pattern in PATTERNS])
    if summarised:
        await summarise(storage)
    random = Random(name)
    for pattern in random.sample(PATTERNS, 12):
        for names in ([name], [name, random.choice(STORAGE_FILTERS)]):
            question = question_about(pattern, names, random)
            found = await storage.agents(filters_of(question))
            assert_agrees(found, PATTERNS, question)


async def test_an_empty_store_tells_of_no_agent(storage: Storage) -> None:
    assert await summarise(storage) == 0
    assert await storage.agents(Filters()) == []


async def test_what_ended_is_summarised_once_and_again_only_when_it_changes(
    storage: Storage,
) -> None:
    hour = HOURS[0]
    await storage.insert_many(told("a", hour, 20) + told("a", hour + 1, 20))
    assert await summarise(storage, hour * HOUR + HOUR - 1) == 0, "it has not ended"
    assert await summarise(storage, hour * HOUR + HOUR) == 1
    assert await summarise(storage) == 2, "the other hour, and the day"
    assert await summarise(storage) == 0
    await storage.insert(record("late", timestamp=format_timestamp(hour * HOUR)))
    assert await patterns_of(storage, "developer") == 1
    assert await summarise(storage) == 2
    assert await patterns_of(storage, "a") == 40
    assert await findings(storage) == []


async def test_what_is_written_while_a_run_is_under_way_counts(storage: Storage) -> None:
    for hour in HOURS:
        await storage.insert_many(told("a", hour, 20))
    run = storage.summarise(NOON + DAY)
    for number in range(1, 5):
        await anext(run)
        for hour in HOURS:
            await storage.insert_many(told(f"b{number}", hour, 9))
            assert await patterns_of(storage, f"b{number}") == 9 * (1 + HOURS.index(hour))
        await delete(storage, *[f"a-{hour}-000{number}" for hour in HOURS])
        assert await patterns_of(storage, "a") == len(HOURS) * (20 - number)
        assert await findings(storage) == []
    async for _ in run:
        pass
    assert await patterns_of(storage, "a") == len(HOURS) * 16
    assert await findings(storage) == []


async def test_hours_with_little_in_them_make_a_day_with_much(storage: Storage) -> None:
    day = HOURS[0] // 24 * 24
    for hour in range(day, day + 24):
        await storage.insert_many(told("a", hour, 5))
    await summarise(storage)
    for number, hour in enumerate(range(day, day + 24), 1):
        await storage.insert(record(f"late{number}", timestamp=format_timestamp(hour * HOUR)))
        assert await patterns_of(storage, "developer") == number
        await summarise(storage)
    await delete(storage, f"a-{day}-0000")
    assert await patterns_of(storage, "a") == 24 * 5 - 1
    assert await findings(storage) == []


async def test_compression_and_a_restart_change_nothing(store: Store) -> None:
    storage = await store.open()
    await storage.insert_many([record(**pattern) for pattern in PATTERNS])
    await summarise(storage)
    before = await storage.agents(Filters())
    async for _ in storage.compress(NOON + 300 * DAY):
        pass
    assert await storage.agents(Filters()) == before
    assert_agrees(await (await store.reopen()).agents(Filters()), PATTERNS, {})


async def test_what_another_store_restores_is_told(store: Store, tmp_path: Path) -> None:
    storage = await store.open()
    await storage.insert_many([record(**pattern) for pattern in PATTERNS])
    await delete(storage, PATTERNS[0]["pattern_id"])
    changes = await all_changes(storage, deletes=True)
    (tmp_path / "other").mkdir()
    other = Store(store.url.replace(str(tmp_path), str(tmp_path / "other")))
    taker = await other.open()
    half = len(changes) // 2
    for part in (changes[:half], changes[half:]):
        await taker.restore(part)
        await summarise(taker)
    assert_agrees(await taker.agents(Filters()), PATTERNS[1:], {})
    assert await findings(taker) == []
    await other.close()


class History:
    """Writes to a storage and to a dictionary, with summaries made in between."""

    def __init__(self, store: Store, storage: Storage) -> None:
        self.store = store
        self.storage = storage
        self.patterns: dict[str, dict[str, Any]] = {}
        self._run: AsyncIterator[int] | None = None
        self._hour_of: dict[str, int] = {}

    async def insert(self, hour: int, number: int, seed: int) -> None:
        """Store some patterns of an hour, in no order."""
        random = Random(seed)
        start = len(self._hour_of)
        new = [self._pattern(f"p{start + place}", hour, random) for place in range(number)]
        for pattern in new:
            self._hour_of[pattern["pattern_id"]] = hour
            self.patterns[pattern["pattern_id"]] = pattern
        await self.storage.insert_many([record(**pattern) for pattern in new])

    async def update(self, place: int, seed: int) -> None:
        """Give a pattern another content."""
        if self.patterns:
            pattern_id = [*self.patterns][place % len(self.patterns)]
            kind = self.patterns[pattern_id]["pattern_type"]
            new = self._pattern(pattern_id, self._hour_of[pattern_id], Random(seed), kind)
            seq = await seq_of(self.storage, pattern_id)
            await self.storage.update(record(**new), seq)
            self.patterns[pattern_id] = new

    async def delete(self, place: int, number: int) -> None:
        """Delete some patterns."""
        gone = [*self.patterns][place % (len(self.patterns) or 1) :][:number]
        await delete(self.storage, *gone)
        for pattern_id in gone:
            del self.patterns[pattern_id]

    async def summarise(self, steps: int, before: int) -> None:
        """Go on with a run, or begin one, for some steps."""
        for _ in range(steps):
            if self._run is None:
                self._run = aiter(self.storage.summarise(before * HOUR))
            if await anext(self._run, None) is None:
                self._run = None

    async def compress(self) -> None:
        """Compress everything."""
        async for _ in self.storage.compress(NOON + 300 * DAY):
            pass

    async def reopen(self) -> None:
        """Close the store, with a run under way or not, and open it again."""
        self._run = None
        self.storage = await self.store.reopen()

    async def ask(self, question: Question) -> None:
        """Compare an answer with a plain loop."""
        found = await self.storage.agents(filters_of(question))
        assert_agrees(found, [*self.patterns.values()], question)

    @staticmethod
    def _pattern(
        pattern_id: str, hour: int, random: Random, kind: str | None = None
    ) -> dict[str, Any]:
        kind = kind or random.choices(("task_completion", "user_correction"), (5, 1))[0]
        data: dict[str, Any] = {"agent": random.choice("ab")}
        if kind == "task_completion":
            data |= {"task_type": "t", "success": random.random() < 0.7}
            data["duration_ms"] = int(10 ** random.uniform(0, 20))
        else:
            data |= dict.fromkeys(("original_output", "corrected_output"), "x")
            data["correction_type"] = "style"
        return {
            "pattern_id": pattern_id,
            "pattern_type": kind,
            "timestamp": format_timestamp(hour * HOUR + place_of(pattern_id)),
            "data": data,
            "context": random.choice(({}, {"project_name": "x"})),
        }


def place_of(pattern_id: str) -> int:
    """Where in its hour a pattern is, both ends being among that; it never changes."""
    return (0, HOUR - 1, Random(pattern_id).randrange(HOUR))[int(pattern_id[1:]) % 3]


_hours = st.sampled_from(HOURS)
_seeds = st.integers(0, 2**32)
_moments = st.builds(
    lambda hour, offset: format_timestamp(hour * HOUR + offset),
    _hours,
    st.sampled_from((0, 1, -1, HOUR - 1, 24 * HOUR)),
) | st.just("2026-01-14")
_questions = st.fixed_dictionaries(
    {},
    optional={
        "start_date": _moments,
        "end_date": _moments,
        "project_name": st.sampled_from("xz"),
        "agent": st.sampled_from("ac"),
        "pattern_type": st.just(["task_completion"]),
    },
)
_steps = st.one_of(
    st.tuples(st.just("insert"), _hours, st.integers(1, 70), _seeds),
    st.tuples(st.just("insert"), _hours, st.integers(1, 70), _seeds),
    st.tuples(st.just("update"), st.integers(0, 999), _seeds),
    st.tuples(st.just("delete"), st.integers(0, 999), st.integers(1, 30)),
    st.tuples(st.just("summarise"), st.integers(1, 12), st.sampled_from((HOURS[3], HOURS[4] + 24))),
    st.tuples(st.just("summarise"), st.integers(1, 12), st.just(HOURS[4] + 24)),
    st.tuples(st.just("compress")),
    st.tuples(st.just("reopen")),
    st.tuples(st.just("ask"), _questions),
)


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=25)
@given(steps=st.lists(_steps, min_size=4, max_size=25), last=_questions)
def test_after_any_history_a_plain_loop_says_the_same(
    backend: str, steps: list[tuple[Any, ...]], last: Question
) -> None:
    async def live_through_it(folder: str) -> None:
        store = Store(BACKENDS[backend].format(folder=folder))
        history = History(store, await store.open())
        for name, *arguments in steps:
            await getattr(history, name)(*arguments)
            await history.ask({})
        await history.ask(last)
        assert await findings(history.storage) == []
        await store.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live_through_it(folder))
