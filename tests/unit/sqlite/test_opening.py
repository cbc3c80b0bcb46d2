"""Files that are no store of this program: refused by name, with what to do, and left alone."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import StoreNotOpened
from app.storage.index.schema import MIGRATIONS
from tests.records import record
from tests.unit.sqlite.conftest import run_sql, storage_at


def refusal(path: Path, *, read_only: bool = False) -> str:
    """What is said when a store cannot be opened."""
    with pytest.raises(StoreNotOpened) as refused:
        asyncio.run(storage_at(path, read_only=read_only).open())
    assert str(path) in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_of_a_later_version_asks_for_a_later_program(
    path: Path, read_only: bool
) -> None:
    make_store(path)
    run_sql(path, "PRAGMA user_version = 99")
    said = refusal(path, read_only=read_only)
    assert "schema version 99" in said
    assert "upgrade Pattern Store" in said


@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_of_another_program_is_refused_and_left_as_it_is(
    path: Path, read_only: bool
) -> None:
    run_sql(path, "CREATE TABLE notes (text)")
    said = refusal(path, read_only=read_only)
    assert "another program" in said
    assert "name another path" in said
    assert run_sql(path, "SELECT name FROM sqlite_schema") == [("notes",)]


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(
    path: Path, read_only: bool
) -> None:
    text = "Dear diary, today I stored nothing at all. " * 50
    path.write_text(text)
    assert "not a database" in refusal(path, read_only=read_only)
    assert path.read_text() == text


@pytest.mark.parametrize("read_only", [False, True])
def test_a_directory_in_the_place_of_the_database_is_refused(path: Path, read_only: bool) -> None:
    path.mkdir()
    assert "Check the path" in refusal(path, read_only=read_only)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert "Check the path" in refusal(tmp_path / "file" / "patterns.db")


def test_folders_that_are_missing_are_made(tmp_path: Path) -> None:
    path = tmp_path / "some" / "new" / "folders" / "patterns.db"
    make_store(path)
    assert path.exists()


@pytest.mark.parametrize(
    "name", ["a b.db", "50%20.db", "what?#&=.db", "größe 🙂.db", 'it\'s "x".db']
)
def test_a_path_may_hold_any_characters(tmp_path: Path, name: str) -> None:
    make_store(tmp_path / name)
    make_store(tmp_path / name, pattern_id="b")
    assert run_sql(tmp_path / name, "SELECT count(*) FROM patterns") == [(2,)]


def test_a_store_that_was_refused_can_be_opened_when_what_was_wrong_is_mended(
    path: Path,
) -> None:
    make_store(path)
    run_sql(path, "PRAGMA user_version = 99")
    refusal(path)
    run_sql(path, f"PRAGMA user_version = {len(MIGRATIONS)}")
    make_store(path, pattern_id="b")
    assert run_sql(path, "SELECT pattern_id FROM patterns ORDER BY seq") == [("a",), ("b",)]


def cut_in_half(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def lose_the_tables(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3000)


def take_for_an_older_one(path: Path) -> None:
    run_sql(path, "PRAGMA user_version = 1")


def lose_the_begin(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\x00" * 16)


@pytest.mark.parametrize(
    "damage", [cut_in_half, lose_the_tables, take_for_an_older_one, lose_the_begin]
)
def test_a_damaged_database_is_refused_with_what_helps(
    path: Path, damage: Callable[[Path], None]
) -> None:
    make_store(path)
    damage(path)
    said = refusal(path)
    assert "pattern-store export --skip-damaged" in said
    assert "pattern-store restore" in said


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    make_store(path)
    assert run_sql(path, "SELECT count(*) FROM patterns") == [(1,)]


def make_store(path: Path, pattern_id: str = "a") -> None:
    """A store, new or not, with a pattern more."""

    async def insert() -> None:
        storage = storage_at(path)
        await storage.open()
        await storage.insert(record(pattern_id))
        await storage.close()

    asyncio.run(insert())
