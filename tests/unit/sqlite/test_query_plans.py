"""No query walks the whole table: every filter leads SQLite into an index."""

import re
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from app.schemas.filters import Filters, Order, Position
from app.storage.index import selection
from app.storage.index.selection import Statement
from tests.oracle import Question
from tests.questions import STORAGE_FILTERS, filters_of, made_up_patterns, question_about
from tests.records import NOON
from tests.unit.sqlite.conftest import run_sql

PATTERNS = made_up_patterns(Random(5), 300)
INDEX_OF = {
    "pattern_type": "patterns_by_type",
    "pattern_id": "settled_ids USING PRIMARY KEY (pattern_id=?",
    "tags": "PRIMARY KEY (tag=?",
    "any_tags": "PRIMARY KEY (tag=?",
    "agent": "patterns_by_agent",
    "task_type": "patterns_by_task",
    "project_name": "patterns_by_project",
    "projects": "patterns_by_project",
    "session_id": "patterns_by_session",
    "user_id": "patterns_by_user",
    "error_type": "patterns_by_error",
    "severity": "patterns_by_severity",
    "q": "VIRTUAL TABLE INDEX",
}
"""What each filter is answered from; the others walk `patterns_by_time` until a page is full."""

ONE_WALK = [
    name
    for name in STORAGE_FILTERS
    if name not in ("pattern_type", "pattern_id", "any_tags", "projects", "q")
]
"""Filters answered by one walk along time: by one value, and not by the words of a text."""


def plan_of(path: Path, statement: Statement) -> list[str]:
    """The steps SQLite takes."""
    explained = run_sql(path, f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters)
    return [step for *_, step in explained]


def walks_a_table(step: str) -> bool:
    return (
        re.search(r"^SCAN (p|t|patterns|documents|tags|recent_ids|settled_ids)$", step) is not None
    )


def filters_by(*names: str) -> Filters:
    """Filters by these names, with values that occur."""
    question: Question = {}
    for name in names:
        question |= next(
            filter(None, (question_about(each, [name], Random(1)) for each in PATTERNS))
        )
    return filters_of(question)


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("name", STORAGE_FILTERS)
def test_a_page_by_one_filter_is_read_from_the_index_made_for_it(
    path: Path, name: str, order: Order
) -> None:
    for after in (None, Position(NOON, "a")):
        statement = selection.page(filters_by(name), order, after, limit=101)
        plan = plan_of(path, statement)
        assert any(INDEX_OF.get(name, "patterns_by_time") in step for step in plan), plan
        assert not any(map(walks_a_table, plan)), plan


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("name", ONE_WALK)
def test_a_page_is_read_in_the_order_of_time_and_sorted_only_within_one_time(
    path: Path, name: str
) -> None:
    plan = plan_of(path, selection.page(filters_by(name), Order.NEWEST, None, limit=101))
    assert [step for step in plan if "ORDER BY" in step] == [
        "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"
    ]


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("name", STORAGE_FILTERS)
def test_what_is_walked_by_time_alone_is_not_sorted(path: Path, name: str, order: Order) -> None:
    walk = selection.by_time(filters_by(name), order, Position(NOON, "a"))
    assert (walk is not None) == (name in ONE_WALK)
    if walk is not None:
        plan = plan_of(path, walk)
        assert any(INDEX_OF.get(name, "patterns_by_time") in step for step in plan), plan
        assert not any("ORDER BY" in step or walks_a_table(step) for step in plan), plan


@pytest.mark.usefixtures("storage")
def test_no_two_filters_together_walk_a_table_whatever_is_asked(path: Path) -> None:
    for one, other in combinations(STORAGE_FILTERS, 2):
        filters = filters_by(one, other)
        for statement in (
            selection.page(filters, Order.NEWEST, None, limit=101),
            selection.tally(filters, limit=1000),
            selection.all_seqs(filters),
        ):
            plan = plan_of(path, statement)
            assert not any(map(walks_a_table, plan)), plan
