"""What a power failure leaves of a tree of files: `python -m tests.endurance replay`, in short."""

from pathlib import Path

import pytest

from tests.endurance.disk import Change
from tests.endurance.recording import Recording
from tests.endurance.replay import leave_out, recorded, sites, trees, try_cuts

CUTS = 60


@pytest.fixture
async def record(tmp_path: Path) -> Recording:
    """A history of writes, as it went to the disk."""
    return await recorded(tmp_path)


async def test_the_recording_misses_nothing(record: Recording, tmp_path: Path) -> None:
    def all_of_it(_: int, change: Change) -> float:
        return 1.0

    *_, last = trees(record, all_of_it)
    found = {
        str(path.relative_to(tmp_path)): None if path.is_dir() else path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.name != ".lock" and path.parent.name != ".index"
    }
    assert last == found


async def test_what_was_acknowledged_outlives_power_failures(record: Recording) -> None:
    assert (await try_cuts(record, CUTS, seed=1)).problems == []


async def test_every_sync_is_needed(record: Recording) -> None:
    asking = sites(record)
    assert len(asking) > 15
    assert [site for site in asking if await leave_out(record, site) is None] == []
