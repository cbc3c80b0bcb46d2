"""Damage done to the database by hand is found by a check."""

from pathlib import Path

import pytest

from app.errors import DamagedStore
from app.schemas.timestamps import DAY
from app.storage.base import Finding
from app.storage.sqlite import SQLiteStorage
from tests.contract.reading import all_changes, findings
from tests.records import NOON, record, records
from tests.unit.sqlite.conftest import run_sql


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM documents WHERE seq = 2", [("b", "patterns without a document")]),
        ("DELETE FROM patterns WHERE seq = 2", [("2", "documents without a pattern")]),
        ("DELETE FROM tags WHERE seq = 2 AND tag = 'x'", [("b", "its tags differ")]),
        ("UPDATE tags SET tag = 'y' WHERE seq = 2 AND tag = 'x'", [("b", "its tags differ")]),
        ("UPDATE tags SET timestamp = 1 WHERE seq = 2", [("b", "its tags differ")]),
        ("INSERT INTO tags VALUES ('x', 1, 99)", [("99", "tags without a pattern")]),
        (
            "UPDATE patterns SET project_name = 'z' WHERE seq = 2",
            [("b", "its columns differ")],
        ),
        ("UPDATE patterns SET agent = NULL WHERE seq = 2", [("b", "its columns differ")]),
        ("UPDATE patterns SET success = 0 WHERE seq = 2", [("b", "its columns differ")]),
        ("UPDATE patterns SET duration_ms = 1 WHERE seq = 2", [("b", "its columns differ")]),
        ("UPDATE patterns SET timestamp = 1 WHERE seq = 2", [("b", "differs from its checksum")]),
        (
            "UPDATE patterns SET pattern_id = 'z' WHERE seq = 2",
            [("z", "differs from its checksum")],
        ),
        (
            "UPDATE patterns SET pattern_type = 'z' WHERE seq = 2",
            [("b", "differs from its checksum")],
        ),
        ("DELETE FROM recent_ids", [("b", "patterns that their id does not name")]),
        (
            "UPDATE recent_ids SET seq = 1 WHERE pattern_id = 'b'",
            [("b", "patterns that their id does not name")],
        ),
        ("INSERT INTO settled_ids VALUES ('d', 99)", [("d", "ids that name no pattern")]),
        ("INSERT INTO settled_ids VALUES ('b', 2)", [("b", "ids that are kept twice")]),
        ("UPDATE days SET patterns = 9", [("days", "the daily sums differ")]),
        ("UPDATE days SET bytes = bytes + 1", [("days", "the daily sums differ")]),
        ("DELETE FROM days", [("days", "the daily sums differ")]),
        ("UPDATE meta SET value = 2 WHERE name = 'last_seq'", [("3", "beyond the last")]),
        (
            "UPDATE meta SET name = 'last_sep' WHERE name = 'last_seq'",
            [("database", "does not say its last_seq")],
        ),
        (
            "INSERT INTO meta VALUES ('learned_through', 3)",
            [("database", "does not say how far it was learned, or by what")],
        ),
        (
            "INSERT INTO learned_corrections VALUES (2, 'style', NULL, x'')",
            [("2", "learned corrections without a pattern")],
        ),
    ],
)
async def test_tables_that_contradict_each_other_are_found(
    storage: SQLiteStorage, path: Path, damage: str, found: list[tuple[str, str]]
) -> None:
    await storage.insert_many([record(name, context={"tags": ["x", "w"]}) for name in "abc"])
    assert await findings(storage) == []
    run_sql(path, damage)
    told = await findings(storage)
    for place, problem in found:
        assert any(problem in finding.problem for finding in told if finding.place == place), told


async def test_a_database_that_does_not_say_its_last_number_is_damaged(
    storage: SQLiteStorage, path: Path
) -> None:
    await storage.insert(record("a"))
    run_sql(path, "UPDATE meta SET name = 'last_sep' WHERE name = 'last_seq'")
    for call in (storage.summary(0), storage.insert(record("b")), all_changes(storage)):
        with pytest.raises(DamagedStore, match="does not say its last_seq"):
            await call


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        "{}",
        '{"data":{}}',
        '{"pattern_id":"a","data":{"agent":"developer"}}',
        '{"pattern_id":"a","pattern_type":"task_completion","data":7}',
        '{"pattern_id":"a","pattern_type":"task_completion","timestamp":7,"data":{}}',
        '{"pattern_id":"a","pattern_type":"task_completion","data":{},"context":null}',
        '{"pattern_id":"a","pattern_type":"task_completion","data":{},"context":{"tags":7}}',
        '{"pattern_id":"a","pattern_type":"task_completion","data":{},"context":{"tags":[[]]}}',
    ],
)
async def test_a_document_that_is_no_pattern_any_more_is_found_and_the_check_goes_on(
    storage: SQLiteStorage, path: Path, document: str
) -> None:
    await storage.insert_many([record("a"), record("b")])
    run_sql(path, "UPDATE documents SET document = ? WHERE seq = 1", [document.encode()])
    run_sql(path, "UPDATE patterns SET agent = 'z' WHERE seq = 2")
    told = await findings(storage)
    assert "a" in {finding.place for finding in told}
    assert Finding("b", "its columns differ from its document") in told


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE agent_summaries SET patterns = 21 WHERE hours = 1",
        "UPDATE agent_summaries SET durations = x'01' WHERE hours = 24",
        "DELETE FROM agent_summaries WHERE project_name = ''",
        "DELETE FROM agent_summaries",
        "UPDATE agent_summaries SET start = start + 24",
    ],
)
async def test_summaries_that_are_not_right_are_found(
    storage: SQLiteStorage, path: Path, damage: str
) -> None:
    await storage.insert_many(records(20))
    assert sum([done async for done in storage.summarise(NOON + DAY)]) == 2
    assert await findings(storage) == []
    run_sql(path, damage)
    assert {finding.place for finding in await findings(storage)} == {"agent_summaries"}


async def test_damage_far_inside_the_store_is_found(storage: SQLiteStorage, path: Path) -> None:
    await storage.insert_many([record(f"p{index}") for index in range(1200)])
    run_sql(path, "UPDATE patterns SET agent = 'z' WHERE seq IN (1, 500, 501, 1200)")
    assert [finding.place for finding in await findings(storage)] == ["p0", "p499", "p500", "p1199"]


@pytest.mark.parametrize(
    "table", ["patterns_by_agent", "recent_ids", "tags", "days", "documents", "patterns"]
)
async def test_damaged_pages_of_the_file_are_found(
    storage: SQLiteStorage, path: Path, table: str
) -> None:
    await storage.insert_many([record(f"p{index}") for index in range(300)])
    run_sql(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    root = run_sql(path, f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")
    overwrite(path, page=root[0][0])
    assert "database" in {finding.place for finding in await findings(storage)}


def overwrite(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
