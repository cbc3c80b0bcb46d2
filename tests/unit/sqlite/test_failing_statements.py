"""Each call of the contract meets each fault of SQLite: an honest refusal, nothing lost, and all
goes on when the fault is over, though nobody opened the store anew."""

import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.errors import DamagedStore, StorageUnavailable
from app.schemas.filters import Filters, Order
from app.schemas.records import Provenance, StoredDocument
from app.schemas.timestamps import DAY, now
from app.schemas.words import Phrase
from app.storage.base import Expiry, Storage
from app.storage.index import connections
from app.storage.index.connections import checkpoint
from app.storage.sqlite import SQLiteStorage
from tests.contract.reading import PLENTY, all_changes, changes_after, findings
from tests.disks import small_disk
from tests.records import NOON, record, records
from tests.unit.sqlite.conftest import storage_at

Call = Callable[[SQLiteStorage, Path], Awaitable[Any]]
Fault = Callable[[Path], AbstractContextManager[None]]

HELD = 147
"""Patterns that a store has after `filled`, beside tombstones."""

ALL = Filters()
LATER = NOON + 2 * DAY


async def _steps(steps: AsyncIterator[int]) -> int:
    return sum([done async for done in steps])


def _restored() -> list[StoredDocument]:
    made = record("restored")
    return [StoredDocument.of(*made[:3], made.document, Provenance(NOON, 5000, 3))]


WRITES: dict[str, Call] = {
    "insert_many": lambda storage, _: storage.insert_many(records(20, "q")),
    "update": lambda storage, _: storage.update(record("p0007", version="2"), seq=8),
    "delete_many": lambda storage, _: storage.delete_many([9, 10, 11]),
    "restore": lambda storage, _: storage.restore(_restored(), last_seq=6000, purged_seq=1),
    "purge_tombstones": lambda storage, _: storage.purge_tombstones(now() + DAY),
    "compress": lambda storage, _: _steps(storage.compress(LATER)),
    "summarise": lambda storage, _: _steps(storage.summarise(LATER)),
    "reclaim": lambda storage, _: storage.reclaim(),
}
READS: dict[str, Call] = {
    "ping": lambda storage, _: storage.ping(),
    "get": lambda storage, _: storage.get("p0050"),
    "query": lambda storage, _: storage.query(ALL, order=Order.NEWEST, limit=50, max_bytes=PLENTY),
    "query of words": lambda storage, _: storage.query(
        Filters(phrases=(Phrase(("none",)),)), order=Order.NEWEST, limit=50, max_bytes=PLENTY
    ),
    "query of tags": lambda storage, _: storage.query(
        Filters(tags=("t",)), order=Order.OLDEST, limit=50, max_bytes=PLENTY
    ),
    "count": lambda storage, _: storage.count(Filters(agent="developer")),
    "agents": lambda storage, _: storage.agents(ALL),
    "changes": lambda storage, _: changes_after(storage, deletes=True),
    "matching": lambda storage, _: storage.matching(ALL),
    "expired": lambda storage, _: storage.expired(Expiry({"task_completion": LATER}, LATER)),
    "oldest": lambda storage, _: storage.oldest(
        patterns=5, size=1, received_before=LATER, besides=()
    ),
    "compressible": lambda storage, _: storage.compressible(LATER),
    "summary": lambda storage, _: storage.summary(NOON),
    "summary_of_projects": lambda storage, _: storage.summary_of_projects(NOON, ["x"]),
    "snapshot": lambda storage, folder: storage.snapshot(folder / "snapshot.db"),
}


@contextmanager
def writes_fail(_: Path) -> Iterator[None]:
    """No byte of a file can be written (SQLITE_IOERR_WRITE)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def no_room(path: Path) -> Iterator[None]:
    """The disk, which is a small one, is full (SQLITE_FULL)."""
    filler = path.with_name("filler")
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                continue
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process is about to write (SQLITE_BUSY)."""
    words = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        yield
        other.communicate()


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """The disk gives back something else than was written (SQLITE_CORRUPT)."""
    intact = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (len(intact) - 4096))
    yield
    with path.open("r+b") as file:
        file.write(intact)


@contextmanager
def reads_fail(path: Path) -> Iterator[None]:
    """What was written to the log cannot be read (SQLITE_IOERR_SHORT_READ)."""
    log = Path(f"{path}-wal")
    intact = log.read_bytes()
    with log.open("r+b") as file:
        file.truncate(32)
        yield
        file.seek(0)
        file.write(intact)


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections wait for locks no longer than a moment."""
    monkeypatch.setattr(connections, "_BUSY_SECONDS", 0.02)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for the store."""
    with small_disk(tmp_path / "disk", "16m"):
        yield tmp_path / "disk"


async def filled(path: Path, *, logged: bool = False) -> SQLiteStorage:
    """A store with some of everything, just opened; `logged`: what it has is in the log."""
    storage = storage_at(path)
    await storage.open()
    old = [record(f"p{n:04}", at=NOON, context={"tags": ["t"]}) for n in range(150)]
    await storage.insert_many(old)
    await storage.insert_many(records(200, "e", pattern_type="error_occurrence"))
    await storage.delete_many([1, 2, 3, *range(151, 351)])
    if not logged:
        await storage.close()
        storage = storage_at(path)
        await storage.open()
        await storage._writer.outside(checkpoint)
    return storage


async def meets(
    storage: SQLiteStorage, path: Path, call: Call, fault: Fault, folder: Path
) -> BaseException | None:
    """What a call ends in during a fault, when it is seen that nothing is lost after it."""
    failure = None
    with fault(path):
        try:
            await call(storage, folder)
        except Exception as error:
            failure = error
    return failure


async def everything(storage: Storage) -> list[Any]:
    return await all_changes(storage, deletes=True)


@pytest.mark.parametrize("fault", [writes_fail, locked])
@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
async def test_a_write_that_cannot_be_done_is_refused_and_done_when_it_can_be(
    path: Path, tmp_path: Path, fault: Fault, call: Call
) -> None:
    storage = await filled(path)
    before = await everything(storage)
    failure = await meets(storage, path, call, fault, tmp_path)
    assert type(failure) is StorageUnavailable
    assert await everything(storage) == before
    assert await findings(storage) == []
    await call(storage, tmp_path)
    assert await findings(storage) == []
    await storage.close()


@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
async def test_a_write_without_room_is_refused_and_done_when_there_is_room(
    disk: Path, tmp_path: Path, call: Call
) -> None:
    path = disk / "patterns.db"
    storage = await filled(path)
    before = await everything(storage)
    failure = await meets(storage, path, call, no_room, tmp_path)
    assert type(failure) is StorageUnavailable
    assert "Make room on the disk" in str(failure)
    assert await everything(storage) == before
    await call(storage, tmp_path)
    assert await findings(storage) == []
    await storage.close()


@pytest.mark.parametrize("fault", [writes_fail, locked])
@pytest.mark.parametrize("name", [name for name in READS if name != "snapshot"])
async def test_reads_go_on_where_writes_fail(
    path: Path, tmp_path: Path, fault: Fault, name: str
) -> None:
    storage = await filled(path)
    before = await READS[name](storage, tmp_path)
    with fault(path):
        assert await READS[name](storage, tmp_path) == before
    await storage.close()


@pytest.mark.parametrize("call", (WRITES | READS).values(), ids=WRITES | READS)
async def test_a_database_that_is_damaged_is_told_of_and_served_again_when_it_is_not(
    path: Path, tmp_path: Path, call: Call
) -> None:
    storage = await filled(path)
    failure = await meets(storage, path, call, damaged, tmp_path)
    assert type(failure) is DamagedStore
    (tmp_path / "snapshot.db").unlink(missing_ok=True)
    await call(storage, tmp_path)
    assert len(await everything(storage)) >= HELD
    assert await findings(storage) == []
    await storage.close()


@pytest.mark.parametrize("call", READS.values(), ids=READS)
async def test_a_log_that_cannot_be_read_is_told_of_and_served_again_when_it_can_be(
    path: Path, tmp_path: Path, call: Call
) -> None:
    storage = await filled(path, logged=True)
    failure = await meets(storage, path, call, reads_fail, tmp_path)
    assert type(failure) is StorageUnavailable
    (tmp_path / "snapshot.db").unlink(missing_ok=True)
    await call(storage, tmp_path)
    assert len(await everything(storage)) == HELD + 203
    assert await findings(storage) == []
    await storage.close()
