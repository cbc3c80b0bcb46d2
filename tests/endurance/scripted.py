"""A scripted history of a tree of files: each way of writing to it, recorded as it goes.

Between the calls of the disk it notes, for a ledger, what was sent and what was acknowledged.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

from app.errors import StorageUnavailable
from app.schemas.records import Record, StoredDocument, record_of
from app.schemas.timestamps import DAY, format_timestamp, now
from app.storage.filesystem import FilesystemStorage, folders
from app.storage.filesystem.store_file import BLOCK
from app.storage.index import transaction
from app.storage.learned import Decision, Proposal
from app.storage.registry import StorageOptions, storage_from
from tests.endurance.ledger import Ledger, State, content_of, state_of
from tests.endurance.recording import Recording
from tests.filesystem.conftest import failing_commits, opened
from tests.patterns import pattern
from tests.records import NOON

DAMAGED = b"no pattern, but dear to somebody"
NOTES = b"no pattern at all"
STORE = "stores/patterns"
"""Where the store is in the recorded folder: two directories that it makes itself."""


@dataclass(frozen=True)
class Kept:
    """From here on, these bytes must be somewhere in the store."""

    content: bytes


@dataclass(frozen=True)
class Given:
    """From here on, no number up to this one may be given."""

    seq: int


async def open_store(root: Path) -> FilesystemStorage:
    """Open a store in a folder, once it is ready."""
    options = StorageOptions("full", readers=1, read_only=False)
    storage = opened(storage_from(f"filesystem:///{root}", options))
    await storage.open()
    try:
        await storage.ready()
    except BaseException:
        await storage.close()
        raise
    return storage


@dataclass(frozen=True)
class Decided:
    """From here on, this decision must be there."""

    decision: Decision


class History:
    """A store and what is done to it."""

    def __init__(self, record: Recording, storage: FilesystemStorage) -> None:
        self._record = record
        self._storage = storage

    async def insert(self, *names: str, day: int) -> None:
        """Store patterns of a day in one call."""
        records = [_record(name, day) for name in names]
        for new in records:
            self._note(partial(Ledger.sent, pattern_id=new.pattern_id, state=_sent(new, 1)))
        for new, insertion in zip(records, await self._storage.insert_many(records), strict=True):
            stored = insertion.stored
            state = State(_content(new), stored.revision, stored.seq)
            self._note(partial(Ledger.answered, pattern_id=new.pattern_id, state=state))
            self._note(Given(stored.seq))

    async def update(self, name: str, version: str) -> None:
        """Change a pattern."""
        old = await self._storage.fetch(name)
        content = content_of(old.content()) | {"version": version}
        new = record_of(content, pattern_id=name, at=old.stored.at)
        self._note(partial(Ledger.sent, pattern_id=name, state=_sent(new, old.stored.revision + 1)))
        stored = await self._storage.update(new, old.seq)
        self._note(partial(Ledger.answered, pattern_id=name, state=_state(stored)))
        self._note(Given(stored.seq))

    async def delete(self, *names: str) -> None:
        """Delete patterns in one call."""
        seqs = [(await self._storage.fetch(name)).seq for name in names]
        for name in names:
            self._note(partial(Ledger.sent, pattern_id=name, state=None))
        assert await self._storage.delete_many(seqs) == len(names)
        for name in names:
            self._note(partial(Ledger.answered, pattern_id=name, state=None))

    async def refuse(self, name: str, new: str, day: int) -> None:
        """Have an insertion and a deletion fail halfway."""
        seq = (await self._storage.fetch(name)).seq
        record = _record(new, day)
        self._note(partial(Ledger.sent, pattern_id=new, state=_sent(record, 1)))
        self._note(partial(Ledger.sent, pattern_id=name, state=None))
        with failing_commits(self._storage):
            for write in (self._storage.insert(record), self._storage.delete_many([seq])):
                try:
                    await write
                except StorageUnavailable:
                    continue
                raise AssertionError("it was to fail")
        self._note(partial(Ledger.refused, pattern_id=new))
        self._note(partial(Ledger.refused, pattern_id=name))

    async def purge_all_before_deleting(self, *names: str) -> None:
        """Delete patterns, and forget all deletions but these."""
        before = _later()
        await self.delete(*names)
        self._note(partial(Ledger.forget_deletions, besides=names))
        assert await self._storage.purge_tombstones(before)

    async def decide(self, key: str) -> None:
        """Make a decision."""
        content = {"group_id": "err-a", "into": f"err-{key}"}
        decision, is_new = await self._storage.decide(Proposal("merge", content, (), key), NOON)
        assert is_new
        self._note(Decided(decision))

    async def reserve(self, seq: int) -> None:
        """Have numbers count as given."""
        await self._storage.restore([], last_seq=seq)
        self._note(Given(seq))

    async def compress(self) -> None:
        """Pack all days but those to come."""
        async for _ in self._storage.compress(NOON + 400 * DAY):
            pass

    async def drop_in_damaged(self, path: str) -> None:
        """Put a file that is no pattern into the store, and have it moved aside."""
        self._put(path, DAMAGED)
        await self._storage.rescan()

    async def compress_while_files_are_put(self, day: str) -> None:
        """Put a file in a folder just before it is exchanged for a smaller one."""
        exchange = folders._exchange

        def put_and_exchange(one: Path, other: Path) -> None:
            if str(one).endswith(day):
                self._put(f"{day}/notes.txt", NOTES)
            exchange(one, other)

        with patch.object(folders, "_exchange", put_and_exchange):
            await self.compress()

    async def reopen(self) -> None:
        """Close the store and open it again."""
        await self._storage.close()
        self._storage = await open_store(self._record.base / STORE)

    async def close(self) -> None:
        """End."""
        await self._storage.close()

    def _put(self, path: str, content: bytes) -> None:
        """Write a file as a careful person does, who syncs it."""
        place = self._record.base / STORE / path
        with place.open("wb", buffering=0) as file:
            os.write(file.fileno(), content)
            os.fsync(file.fileno())
        os.utime(place, (0, 0))
        folder = os.open(place.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        self._note(Kept(content))

    def _note(self, what: object) -> None:
        with self._record.lock:
            self._record.events.append(what)


async def happen(record: Recording) -> None:
    """Do everything that a store can be asked to, each where a lost sync would show."""
    with patch.object(transaction, "now", _later):
        await _happen(record)


async def _happen(record: Recording) -> None:
    history = History(record, await open_store(record.base / STORE))
    for number in range(6):
        await history.insert(f"a{number}", day=1)
    await history.insert(*[f"b{number}" for number in range(20)], day=2)
    await asyncio.gather(*[history.insert(f"c{number}", day=3) for number in range(8)])
    await history.insert("alone", day=40)
    await history.decide("one")
    await history.update("a1", "2")
    await history.update("b1", "2")
    await history.delete("a3")
    await history.refuse("a0", "refused", day=70)
    await history.reserve(3 * BLOCK)
    await history.delete("a2")
    await history.delete("b2", "b3", "alone")
    await history.decide("two")
    await history.compress()
    for number in range(4):
        await history.update(f"b{number + 4}", "3")
    await history.delete("b9", "c1")
    await history.insert("alone", "e1", day=40)
    await history.compress_while_files_are_put("2026/01/16")
    await history.drop_in_damaged("2026/01/17/x.json")
    await history.insert("f1", day=80)
    await history.delete("f1", "c2")
    await history.purge_all_before_deleting("a4")
    await history.delete("c3")
    await history.insert("g1", "g2", day=2)
    await history.reopen()
    await history.decide("three")
    await history.insert("h1", day=5)
    await history.update("h1", "2")
    await history.delete("h1", "g1")
    await history.reserve(9 * BLOCK)
    await history.close()


def _later() -> int:
    """The present, a day ahead: when files are laid out anew they look younger than they were,
    and must not look younger than the deletions that came after them."""
    return now() + DAY


def _record(name: str, day: int) -> Record:
    happened = format_timestamp(NOON + (day - 1) * DAY)
    posted = pattern(data={"note": name * 50}, timestamp=happened)
    return record_of(posted, pattern_id=name, at=NOON)


def _content(record: Record) -> dict[str, object]:
    return content_of(record.content())


def _sent(record: Record, revision: int) -> State:
    return State(_content(record), revision)


def _state(stored: StoredDocument) -> State:
    return state_of(json.loads(stored.json))
