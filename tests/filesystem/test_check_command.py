"""`pattern-store check`, and `check --repair`, on a tree of files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.filesystem.conftest import files_in, posted, put

CHECKOUT = Path(__file__).parents[2]


def command(*arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    """Run `pattern-store`; its status, and what it said."""
    environment = {name: value for name, value in os.environ.items() if "PATTERNS_" not in name}
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        input=given,
        capture_output=True,
        cwd=CHECKOUT,
        env=environment,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def filled(storage_url: str, root: Path) -> Path:
    """A store of three patterns, by the command line."""
    lines = b"".join(
        b'{"pattern_id":"%b","pattern_type":"error_occurrence","timestamp":"2026-01-15",'
        b'"data":{"error_type":"E","error_message":""}}\n' % name
        for name in (b"a", b"b", b"c")
    )
    status, said, _ = command("import", "-", "--storage-url", storage_url, given=lines)
    assert (status, said.split(",")[:2]) == (0, ["received 3", " stored 3"])
    return root


def test_a_sound_store_has_nothing_to_repair(filled: Path, storage_url: str) -> None:
    before = {path: (filled / path).read_bytes() for path in files_in(filled)}
    assert command("check", "--repair", "--storage-url", storage_url)[:2] == (
        0,
        "repaired: 0 patterns taken up, 0 deleted\n3 patterns, no problems found\n",
    )
    assert {path: (filled / path).read_bytes() for path in files_in(filled)} == before


def test_a_check_tells_what_a_repair_then_does(filled: Path, storage_url: str) -> None:
    next(filled.rglob("*_b.json")).unlink()
    put(filled, "new.json", posted("new"))
    put(filled, "bad.json", b"{")
    status, said, _ = command("check", "--storage-url", storage_url)
    assert status == 1
    assert "_b.json: is gone" in said
    assert "new.json: is not in the index" in said
    assert "bad.json: cannot be read" in said
    assert said.endswith("3 patterns, 3 problems found\n")
    status, said, _ = command("check", "--repair", "--storage-url", storage_url)
    assert status == 0
    assert "bad.json: cannot be read" in said
    assert "moved to quarantine/bad.json" in said
    assert said.endswith(
        "repaired: 1 patterns taken up, 1 deleted\n3 patterns, no problems found\n"
    )
    assert command("check", "--storage-url", storage_url)[0] == 0


def test_what_a_repair_cannot_mend_is_told_of_and_the_status_says_so(
    filled: Path, storage_url: str
) -> None:
    shutil.copy(next(filled.rglob("*_a.json")), filled / "copy.json")
    status, said, _ = command("check", "--repair", "--storage-url", storage_url)
    assert status == 1
    assert "copy.json: a copy of 2026/01/15/" in said
    assert said.endswith("3 patterns, 1 problems found\n")


def test_a_lost_index_is_told_of_with_the_remedy_and_made_anew_by_a_repair(
    filled: Path, storage_url: str
) -> None:
    shutil.rmtree(filled / ".index")
    status, _, said = command("check", "--storage-url", storage_url)
    assert status == 1
    assert "pattern-store check --repair" in said
    assert not (filled / ".index").exists()
    status, said, _ = command("check", "--repair", "--storage-url", storage_url)
    assert (status, said) == (
        0,
        "repaired: 3 patterns taken up, 0 deleted\n3 patterns, no problems found\n",
    )


def test_a_repair_makes_no_store_where_there_is_none(tmp_path: Path) -> None:
    url = f"filesystem:///{tmp_path}/none"
    status, _, said = command("check", "--repair", "--storage-url", url)
    assert (status, "there is no store at" in said) == (1, True)
    assert os.listdir(tmp_path) == []


def test_a_database_has_nothing_to_be_mended_from(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/patterns.db"
    assert command("import", "-", "--storage-url", url)[0] == 0
    status, said, _ = command("check", "--repair", "--storage-url", url)
    assert status == 0
    assert "nothing to be mended from" in said
    assert said.endswith("0 patterns, no problems found\n")


@pytest.mark.parametrize("content", [b"", b'{"format": 1, "sto', b"\xff" * 50])
def test_a_damaged_store_file_is_told_of_with_the_remedy(
    storage_url: str, filled: Path, content: bytes
) -> None:
    (filled / "store.json").write_bytes(content)
    status, said, _ = command("check", "--storage-url", storage_url)
    assert status == 1
    assert "store.json is damaged" in said
    assert "pattern-store check --repair" in said
    (filled / "store.json").unlink()
    status, said, _ = command("check", "--storage-url", storage_url)
    assert status == 1
    assert "store.json: is gone" in said
    assert command("check", "--repair", "--storage-url", storage_url)[0] == 0
    status, said, _ = command("check", "--storage-url", storage_url)
    assert (status, said) == (0, "3 patterns, no problems found\n")
