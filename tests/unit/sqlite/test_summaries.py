"""Summaries by agent are made where they are worth it, and only of what holds still."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from app.schemas.filters import Filters
from app.schemas.records import Record
from app.schemas.timestamps import DAY, HOUR, format_timestamp
from app.storage.base import AgentFigures, Durations
from app.storage.index import selection, summaries
from app.storage.index.summaries import Row
from app.storage.index.totals import Totals
from app.storage.sqlite import SQLiteStorage
from tests.contract.reading import findings
from tests.records import NOON, record, records
from tests.unit.sqlite.conftest import run_sql, storage_at

EVER = NOON + 300 * DAY
KEPT = (
    "SELECT hours, project_name, agent, patterns FROM agent_summaries"
    " ORDER BY hours, start, project_name"
)
TWENTY = AgentFigures(
    "developer", {"task_completion": 20}, 20, 0, Durations(20, 2500, 2500, 2500, 2500)
)


def twenty(hour: int = NOON // HOUR, prefix: str = "p") -> list[Record]:
    """Patterns of one agent and one hour."""
    return records(20, f"{prefix}{hour}-", timestamp=format_timestamp(hour * HOUR))


async def summarise(storage: SQLiteStorage) -> int:
    """Summarise all there is; how many periods."""
    return sum([done async for done in storage.summarise(EVER)])


async def test_an_hour_and_its_day_are_kept_by_agent_and_by_project(
    storage: SQLiteStorage, path: Path
) -> None:
    await storage.insert_many(twenty())
    assert await summarise(storage) == 2
    assert run_sql(path, KEPT) == [
        (1, None, "developer", 20),
        (1, "", "developer", 20),
        (24, None, "developer", 20),
        (24, "", "developer", 20),
    ]
    assert await storage.agents(Filters()) == [TWENTY]


async def test_what_is_summarised_is_not_read_again(storage: SQLiteStorage, path: Path) -> None:
    await storage.insert_many(twenty())
    await summarise(storage)
    run_sql(path, "UPDATE agent_summaries SET patterns = 77")
    noon = Filters(start=NOON, end=NOON + HOUR - 1)
    project = replace(noon, project_name="")
    for filters in (Filters(), noon, project, Filters(agent="developer")):
        (figures,) = await storage.agents(filters)
        assert figures.patterns == 77
    for filters in (Filters(success=True), Filters(start=NOON), Filters(end=NOON)):
        await storage.agents(filters)
    cut = Filters(start=NOON, end=NOON + HOUR - 2)
    assert await storage.agents(cut) == [TWENTY]


async def test_an_hour_with_less_in_it_is_kept_for_all_projects_together(
    storage: SQLiteStorage, path: Path
) -> None:
    hour = NOON // HOUR
    for start in (hour, hour + 1):
        await storage.insert_many(twenty(start)[:12])
    assert await summarise(storage) == 3
    assert [row[:2] for row in run_sql(path, KEPT)] == [(1, None), (1, None), (24, None), (24, "")]
    (figures,) = await storage.agents(Filters(project_name="", start=NOON, end=NOON + HOUR - 1))
    assert figures.patterns == 12


async def test_a_period_is_left_alone_where_rows_would_be_as_many_as_patterns(
    storage: SQLiteStorage, path: Path
) -> None:
    await storage.insert_many([record(f"p{n}", data={"agent": f"a{n}"}) for n in range(20)])
    assert await summarise(storage) == 0
    assert run_sql(path, KEPT) == []
    assert len(await storage.agents(Filters())) == 20
    await storage.insert_many([record(f"q{n}", data={"agent": "a0"}) for n in range(800)])
    assert await summarise(storage) == 2, "now it is worth it"


async def test_what_changes_between_reading_and_keeping_is_not_kept(
    storage: SQLiteStorage, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, rows_of, numbers = asyncio.get_running_loop(), summaries.rows_of, count()

    def rows_of_what_changes(totals: Totals) -> list[Row]:
        late = twenty(prefix=f"late{next(numbers)}-")
        asyncio.run_coroutine_threadsafe(storage.insert_many(late), loop).result()
        return rows_of(totals)

    await storage.insert_many(twenty())
    with monkeypatch.context() as patched:
        patched.setattr(summaries, "rows_of", rows_of_what_changes)
        assert await summarise(storage) == 0
    assert run_sql(path, KEPT) == []
    assert await findings(storage) == []
    assert await summarise(storage) == 2


async def test_a_claim_that_a_crash_left_behind_is_no_obstacle(
    storage: SQLiteStorage, path: Path
) -> None:
    await storage.insert_many(twenty())
    run_sql(path, "UPDATE unsummarised SET claim = 99")
    assert await storage.agents(Filters()) == [TWENTY]
    assert await summarise(storage) == 2


async def test_a_database_from_before_there_were_summaries_gets_them(path: Path) -> None:
    before_epoch = -30
    storage = storage_at(path)
    await storage.open()
    await storage.insert_many(twenty() + twenty(before_epoch))
    await storage.close()
    downgrade(path)
    storage = storage_at(path)
    await storage.open()
    (figures,) = await storage.agents(Filters())
    assert figures.patterns == 40
    assert await findings(storage) == []
    assert await summarise(storage) == 50, "each hour of the two days, and these"
    assert len(run_sql(path, KEPT)) == 8
    assert await storage.agents(Filters()) == [figures]
    assert await findings(storage) == []
    await storage.close()


def downgrade(path: Path) -> None:
    """Make the database one of version 1."""
    since = ["recent_ids", "settled_ids", "decisions", "variants", "learned", "vacated", "outcomes"]
    since += ["learned_corrections"]
    for statement in (
        "DROP VIEW ids",
        "DROP TRIGGER error_gone",
        "DROP TRIGGER correction_gone",
        *(f"DROP TABLE {table}" for table in since),
        "DROP TABLE agent_summaries",
        "DROP TABLE unsummarised",
        "ALTER TABLE patterns DROP COLUMN checksum",
        "DROP INDEX patterns_by_type",
        "CREATE INDEX patterns_by_type ON patterns (pattern_type, timestamp)",
        "PRAGMA user_version = 1",
    ):
        run_sql(path, statement)


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize("types", [(), ("agent_usage",)])
def test_patterns_that_are_not_summarised_are_read_from_one_index(
    path: Path, types: Sequence[str]
) -> None:
    filters = Filters(start=NOON - DAY, end=NOON, pattern_types=tuple(types), success=True)
    statements = selection.naming_agents(filters, "p.pattern_type, p.agent")
    assert len(statements) == (len(types) or 4)
    for statement in statements:
        plan = run_sql(path, f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters)
        assert ["USING COVERING INDEX patterns_by_type" in step for *_, step in plan] == [True]
