"""Files damaged at random places: `python -m tests.endurance corruption`, in short."""

from pathlib import Path

import pytest

from tests.endurance.corruption import run
from tests.endurance.victims import KINDS, Kind

TRIALS = 12


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.backend}, {kind.name}")
async def test_damage_is_found_and_nothing_wrong_is_returned(kind: Kind, tmp_path: Path) -> None:
    report = await run(kind, TRIALS, 1, tmp_path)
    assert report.problems == []
    assert report.harmless + report.found + report.refused == report.trials == TRIALS
    assert report.found + report.refused > 0
