"""Look-ups and queries by every filter, on either backend in turn."""

import time
from collections.abc import Mapping
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
    stores: Mapping[str, Storage], asked: Mapping[str, Filters | str]
) -> dict[str, Times]:
    """The median time of each question, the backends taking turns."""
    times: dict[str, dict[str, list[float]]] = {
        name: {backend: [] for backend in stores} for name in asked
    }
    turns = [*stores.items()]
    for _ in range(ROUNDS):
        turns.reverse()
        for name, question in asked.items():
            for backend, storage in turns:
                started = time.perf_counter()
                await _ask(storage, question)
                times[name][backend].append(time.perf_counter() - started)
    return {
        name: {backend: median(taken) for backend, taken in by_backend.items()}
        for name, by_backend in times.items()
    }


async def _ask(storage: Storage, question: Filters | str) -> None:
    if isinstance(question, str):
        assert await storage.get(question) is not None
    else:
        ask = partial(storage.query, order=Order.NEWEST, limit=LIMIT, max_bytes=PLENTY)
        assert (await ask(question)).patterns


def slowdown(hot: Mapping[str, Times], cold: Mapping[str, Times], backend: str) -> float:
    """The median over all queries of the time with compressed documents to that without."""
    queries = [name for name in hot if name != "look-up by id"]
    return median(cold[name][backend] / hot[name][backend] for name in queries)
