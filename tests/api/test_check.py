"""`pattern-store check`: looks for damage, and changes nothing."""

import sqlite3
from pathlib import Path

import httpx
import pytest

from tests.api.commands import failed, pattern_store, succeeded
from tests.api.damage import overwrite_page
from tests.live import live_service
from tests.patterns import ndjson, pattern

PATTERNS = [
    pattern(pattern_id=f"p{n}", x=f"mark{n:04}" * 50, context={"tags": ["t"]}) for n in range(200)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a store of 200 patterns."""
    succeeded(pattern_store(tmp_path, "import", "-", given=ndjson(PATTERNS)))
    return tmp_path


def change(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "patterns.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_sound_store_has_no_problems(folder: Path) -> None:
    before = (folder / "patterns.db").read_bytes()
    assert succeeded(pattern_store(folder, "check")) == "200 patterns, no problems found\n"
    assert (folder / "patterns.db").read_bytes() == before


def test_a_store_can_be_checked_beside_a_running_service(folder: Path) -> None:
    with live_service(folder) as service:
        httpx.post(f"{service.url}/v1/patterns", json=pattern())
        assert succeeded(pattern_store(folder, "check")).startswith("201 patterns, no problems")


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("DELETE FROM documents WHERE seq = 7", "p6"),
        ("DELETE FROM patterns WHERE seq = 7", "7"),
        ("UPDATE patterns SET agent = 'other' WHERE seq = 7", "p6"),
        ("DELETE FROM tags WHERE seq = 7", "p6"),
        ("UPDATE days SET patterns = patterns + 1", "days"),
        ("UPDATE meta SET value = 5 WHERE name = 'last_seq'", "200"),
    ],
)
def test_what_contradicts_itself_is_told_by_its_place(
    folder: Path, statement: str, place: str
) -> None:
    change(folder, statement)
    result = pattern_store(folder, "check")
    assert result.status == 1
    *findings, last = result.output.splitlines()
    assert any(finding.startswith(f"{place}: ") for finding in findings)
    assert last.endswith(f"{len(findings)} problems found")


def test_a_damaged_page_is_told(folder: Path) -> None:
    overwrite_page(folder / "patterns.db", b"mark0100")
    result = pattern_store(folder, "check")
    assert result.status == 1
    assert "problems found" in result.output or result.errors
    assert "Traceback" not in result.output + result.errors


@pytest.mark.parametrize("content", [b"no database", b"\xff" * 20_000, b"SQLite format 3\x00"])
def test_what_is_no_store_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "patterns.db").write_bytes(content)
    for command in (["check"], ["export"], ["import", "-"]):
        said = failed(pattern_store(tmp_path, *command, given=b""))
        assert "patterns.db" in said
    assert (tmp_path / "patterns.db").read_bytes() == content


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    change(tmp_path, "CREATE TABLE theirs (id INTEGER)")
    before = (tmp_path / "patterns.db").read_bytes()
    for command in (["check"], ["export"], ["import", "-"]):
        assert "another program" in failed(pattern_store(tmp_path, *command, given=b""))
    assert (tmp_path / "patterns.db").read_bytes() == before


def test_columns_that_no_store_has_written_are_told(folder: Path) -> None:
    connection = sqlite3.connect(folder / "patterns.db")
    with connection:  # a damaged page can hold what the table does not allow
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'timestamp INTEGER NOT NULL',"
            " 'timestamp INTEGER') WHERE name = 'patterns'"
        )
    connection.close()
    change(folder, "UPDATE patterns SET timestamp = NULL WHERE seq = 7")
    result = pattern_store(folder, "check")
    assert result.status == 1
    assert "database: holds what cannot be read" in result.output
