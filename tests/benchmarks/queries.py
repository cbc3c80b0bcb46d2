"""Look-ups and queries by every filter, on several stores in turn."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

from app.schemas.filters import Filters, Order
from app.schemas.timestamps import DAY
from app.schemas.words import Phrase
from app.storage.base import Storage
from tests.generated import END, generated

ROUNDS = 15
LIMIT = 100
PLENTY = 2**40

Times = dict[str, float]
"""Seconds, by backend."""


def questions(patterns: int) -> dict[str, Filters | str]:
    """A query for each filter, and an id to look up, all of which find something."""
    chosen: list[dict[str, Any]] = [*generated(patterns)][:: max(1, patterns // 100)][:100]
    middle, ids = chosen[len(chosen) // 2], tuple(each["pattern_id"] for each in chosen)
    context = middle["context"]
    return {
        "look-up by id": middle["pattern_id"],
        "latest": Filters(),
        "pattern_type": Filters(pattern_types=("error_occurrence",)),
        "pattern_id, 100 of them": Filters(pattern_ids=ids),
        "start_date, end_date": Filters(start=END - 60 * DAY, end=END - 59 * DAY),
        "tags": Filters(tags=("backend", "flaky")),
        "any_tags": Filters(any_tags=("urgent", "nightly")),
        "agent": Filters(agent="tester"),
        "task_type": Filters(task_type="bugfix"),
        "project_name": Filters(project_name=context["project_name"]),
        "environment": Filters(environment="staging"),
        "session_id": Filters(session_id=context["session_id"]),
        "user_id": Filters(user_id=context["user_id"]),
        "success": Filters(success=False),
        "error_type": Filters(error_type="KeyError"),
        "severity": Filters(severity="critical"),
        "min_duration_ms": Filters(min_duration_ms=850_000),
        "max_duration_ms": Filters(max_duration_ms=50_000),
        "q": Filters(phrases=(Phrase(("timezone",), prefix=False),)),
    }


async def timed(
    states: Sequence[Mapping[str, Storage]], asked: Mapping[str, Filters | str]
) -> dict[str, list[Times]]:
    """The median time of each question in each state of the stores.

    All of them take turns, so that what else the machine does slows each of them alike.
    """
    turns = [(state, *store) for state, stores in enumerate(states) for store in stores.items()]
    taken: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        turns.reverse()
        for name, question in asked.items():
            for state, backend, storage in turns:
                started = time.perf_counter()
                await _ask(storage, question)
                taken[name, state, backend].append(time.perf_counter() - started)
    return {
        name: [
            {backend: median(taken[name, state, backend]) for backend in stores}
            for state, stores in enumerate(states)
        ]
        for name in asked
    }


async def _ask(storage: Storage, question: Filters | str) -> None:
    if isinstance(question, str):
        assert await storage.get(question) is not None
    else:
        ask = partial(storage.query, order=Order.NEWEST, limit=LIMIT, max_bytes=PLENTY)
        assert (await ask(question)).patterns


def slowdown(times: Mapping[str, Sequence[Times]], backend: str) -> float:
    """The median over all queries of the time in the second state to that in the first."""
    queries = [states for name, states in times.items() if name != "look-up by id"]
    return median(second[backend] / first[backend] for first, second in queries)
