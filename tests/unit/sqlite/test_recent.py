"""Remembering the states that were read last, within some bytes."""

from pathlib import Path

import pytest

from app.errors import DamagedStore
from app.schemas.records import Provenance, StoredDocument
from app.storage.index.recent import RecentStates
from app.storage.sqlite import SQLiteStorage
from tests.records import records
from tests.unit.sqlite.conftest import run_sql

_CHECKSUM = 7


def state(seq: int, size: int = 1000) -> StoredDocument:
    """A state with so long a text."""
    return StoredDocument(f"p{seq}", "task_completion", 0, b"x" * size, Provenance(0, seq, 1))


def remembered(recent: RecentStates, *seqs: int) -> list[int]:
    """Those of some states that are remembered."""
    found = recent.of([(seq, _CHECKSUM) for seq in seqs])
    return [state.seq for state in found if state is not None]


def test_those_used_last_are_kept_and_the_others_forgotten() -> None:
    recent = RecentStates(max_bytes=6000)
    for seq in (1, 2, 3):
        recent.add([((seq, _CHECKSUM), state(seq))])
    assert remembered(recent, 1) == [1]
    recent.add([((4, _CHECKSUM), state(4))])
    assert remembered(recent, 1, 2, 3, 4) == [1, 3, 4]


def test_no_more_bytes_are_kept_than_allowed_whatever_their_number() -> None:
    recent = RecentStates(max_bytes=100_000)
    for seq in range(1000):
        recent.add([((seq, _CHECKSUM), state(seq, size=seq))])
    kept = remembered(recent, *range(1000))
    assert kept == [*range(1000 - len(kept), 1000)]
    assert 0.9 < sum(seq + 850 for seq in kept) / 100_000 <= 1


def test_one_that_is_larger_than_all_that_may_be_kept_is_not() -> None:
    recent = RecentStates(max_bytes=100_000)
    recent.add([((1, _CHECKSUM), state(1, size=200_000))])
    recent.add([((2, _CHECKSUM), state(2))])
    assert remembered(recent, 1, 2) == [2]


def test_adding_one_twice_changes_nothing() -> None:
    recent = RecentStates(max_bytes=2000)
    for _ in range(5):
        recent.add([((1, _CHECKSUM), state(1))])
    assert remembered(recent, 1) == [1]


def test_a_state_with_another_checksum_is_another_one() -> None:
    recent = RecentStates(max_bytes=100_000)
    recent.add([((1, _CHECKSUM), state(1))])
    assert recent.of([(1, _CHECKSUM + 1), (1, None), (1, _CHECKSUM)]) == [None, None, state(1)]


async def test_documents_that_were_read_lately_are_not_read_again(
    storage: SQLiteStorage, path: Path
) -> None:
    await storage.insert_many(records(2))
    read = await storage.fetch("p0000")
    run_sql(path, "DELETE FROM documents")
    assert await storage.fetch("p0000") == read
    with pytest.raises(DamagedStore):
        await storage.fetch("p0001")


async def test_what_has_no_checksum_is_read_each_time(storage: SQLiteStorage, path: Path) -> None:
    await storage.insert_many(records(1))
    run_sql(path, "UPDATE patterns SET checksum = NULL")
    await storage.fetch("p0000")
    run_sql(path, "DELETE FROM documents")
    with pytest.raises(DamagedStore):
        await storage.fetch("p0000")
