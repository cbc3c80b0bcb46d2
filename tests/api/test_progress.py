"""Long work shows a bar on a terminal, and plain lines elsewhere."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from app import progress
from tests.api.commands import SECONDS, environment, pattern_store, succeeded
from tests.patterns import ndjson, pattern

LINES = ndjson([pattern() for _ in range(600)])


def test_elsewhere_there_are_plain_lines_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_LINE_SECONDS", 0)
    imported = pattern_store(tmp_path, "import", "-", given=LINES)
    assert succeeded(imported).startswith("received 600")
    told = imported.errors.splitlines()
    assert told == ["patterns read: 250", "patterns read: 500", "patterns read: 600"]
    exported = pattern_store(tmp_path, "export")
    assert len(succeeded(exported).splitlines()) == 600
    assert exported.errors.splitlines()[-1] == "patterns written: 600"


def test_short_work_says_nothing_on_the_way(tmp_path: Path) -> None:
    imported = pattern_store(tmp_path, "import", "-", given=LINES)
    assert succeeded(imported).startswith("received 600")
    assert imported.errors == ""


def test_a_terminal_shows_a_bar(tmp_path: Path) -> None:
    (tmp_path / "x.ndjson").write_bytes(LINES)
    terminal, device = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "app", "import", "x.ndjson"],
        cwd=tmp_path,
        env=environment(tmp_path, TERM="xterm"),
        stdout=subprocess.PIPE,
        stderr=device,
    ) as process:
        os.close(device)
        output, _ = process.communicate(timeout=SECONDS)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert output.startswith(b"received 600")
    assert "patterns read" in shown
    assert "600" in shown
    assert "\x1b[" in shown
