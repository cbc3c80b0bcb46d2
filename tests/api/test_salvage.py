"""`pattern-store export --skip-damaged`: what can be read of a damaged store, and the way back."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.api.commands import failed, pattern_store, succeeded
from tests.api.damage import overwrite_page
from tests.patterns import ndjson, pattern

PATTERNS = [pattern(pattern_id=f"p{n}", x=f"mark{n:04}" * 50) for n in range(1500)]


def change_a_letter(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE documents SET document = CAST(replace(document, 'mark', 'bark') AS BLOB)"
            " WHERE seq IN (1, 700, 701, 1500)"
        )


def lose_a_page_of_texts(database: Path) -> None:
    overwrite_page(database, b"mark0100")


def lose_a_page_of_rows(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        pages = connection.execute(
            "SELECT pageno FROM dbstat WHERE name = 'patterns' AND pagetype = 'leaf'"
        ).fetchall()
    with database.open("r+b") as file:
        file.seek((pages[len(pages) // 2][0] - 1) * size)
        file.write(b"\xff" * size)


@pytest.mark.parametrize(
    ("damage", "most"),
    [(change_a_letter, 4), (lose_a_page_of_texts, 20), (lose_a_page_of_rows, 60)],
)
def test_what_can_be_read_is_written_and_makes_a_new_store(
    tmp_path: Path, damage: Callable[[Path], None], most: int
) -> None:
    succeeded(pattern_store(tmp_path, "import", "-", given=ndjson(PATTERNS)))
    before = succeeded(pattern_store(tmp_path, "export")).splitlines()
    damage(tmp_path / "patterns.db")
    assert "pattern-store" in failed(pattern_store(tmp_path, "export", "none.ndjson"))
    assert not (tmp_path / "none.ndjson").exists()
    told = failed(pattern_store(tmp_path, "export", "--skip-damaged", "saved.ndjson"))
    assert told.startswith("skipped: The ")
    saved = (tmp_path / "saved.ndjson").read_text().splitlines()
    assert len(before) - most <= len(saved) < len(before)
    assert set(saved) <= set(before)
    url = f"sqlite:///{tmp_path}/new.db"
    words = ("import", "--preserve", "saved.ndjson", "--storage-url", url)
    assert f"stored {len(saved)}" in succeeded(pattern_store(tmp_path, *words))
    exported = succeeded(pattern_store(tmp_path, "export", "--storage-url", url)).splitlines()
    assert [json.loads(line) for line in exported] == [json.loads(line) for line in saved]


def test_a_sound_store_is_exported_as_without_it(tmp_path: Path) -> None:
    succeeded(pattern_store(tmp_path, "import", "-", given=ndjson(PATTERNS[:3])))
    whole = succeeded(pattern_store(tmp_path, "export"))
    assert succeeded(pattern_store(tmp_path, "export", "--skip-damaged")) == whole
