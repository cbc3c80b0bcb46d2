"""Killed under writers, the service keeps what it acknowledged: `python -m tests.endurance kill`,
in short."""

from pathlib import Path

import pytest

from tests.conftest import BACKENDS
from tests.endurance.kill import run

KILLS = 5


@pytest.mark.parametrize("backend", BACKENDS)
async def test_what_was_acknowledged_outlives_kills(backend: str, tmp_path: Path) -> None:
    report = await run(tmp_path, backend, KILLS, check_every=3, seed=1)
    assert report.problems == []
    assert report.kills >= KILLS
    assert report.acknowledged > 0
