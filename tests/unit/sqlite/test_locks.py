"""SQLite's locks stay where they are, whatever else of the files is looked at."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.records import record
from tests.unit.sqlite.conftest import storage_at

_ASK = """
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    try:
        fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)
    except OSError:
        print("held")
"""
"""Asks for the lock by which SQLite knows that others have a log's index open (walformat.html)."""


@pytest.mark.parametrize("read_only", [False, True])
async def test_nobody_takes_the_index_of_a_log_in_use_for_one_left_behind(
    path: Path, read_only: bool
) -> None:
    storage = storage_at(path)
    await storage.open()
    await storage.insert(record("a"))
    if read_only:
        left = {name: read(name) for name in (f"{path}-wal", f"{path}-shm")}
        await storage.close()
        for name, content in left.items():
            write(name, content)
        storage = storage_at(path, read_only=True)
        await storage.open()
    assert is_held(path)
    await storage.close()


def read(name: str) -> bytes:
    return Path(name).read_bytes()


def write(name: str, content: bytes) -> None:
    Path(name).write_bytes(content)


def is_held(path: Path) -> bool:
    command = [sys.executable, "-c", _ASK, f"{path}-shm"]
    asked = subprocess.run(command, capture_output=True, text=True, check=True)
    return asked.stdout == "held\n"
