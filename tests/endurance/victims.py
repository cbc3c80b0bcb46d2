"""Small stores with everything in them, to be copied and damaged: the template of each kind."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from app.schemas.records import StoredDocument, record_of
from app.schemas.timestamps import DAY
from app.storage.base import Storage, Tombstone
from app.storage.registry import StorageOptions, storage_from
from tests.conftest import BACKENDS
from tests.contract.reading import all_changes, delete
from tests.filesystem.conftest import age
from tests.generated import END, generated

PATTERNS = 150
DAYS = 12

Choice = Callable[[Path, Random], Path]
"""Which file of a store to damage."""


@dataclass(frozen=True)
class Kind:
    """A kind of file, of which backend, in a store that was closed or killed."""

    name: str
    backend: str
    killed: bool
    choice: Choice


def _named(name: str) -> Choice:
    return lambda folder, _: folder / name


def _any_of(pattern: str) -> Choice:
    def choice(folder: Path, random: Random) -> Path:
        return random.choice(sorted(folder.glob(pattern)))

    return choice


KINDS = [
    Kind("database", "sqlite", False, _named("patterns.db")),
    Kind("its WAL", "sqlite", True, _named("patterns.db-wal")),
    Kind("index", "filesystem", False, _named("patterns/.index/index.db")),
    Kind("its WAL", "filesystem", True, _named("patterns/.index/index.db-wal")),
    Kind("single file", "filesystem", False, _any_of("patterns/20*/**/*.json")),
    Kind("archive", "filesystem", False, _any_of("patterns/20*/**/archive.ndjson.gz")),
    Kind("store.json", "filesystem", False, _named("patterns/store.json")),
    Kind("tombstones", "filesystem", False, _named("patterns/tombstones.ndjson")),
]


@dataclass(frozen=True)
class Template:
    """A store in a folder, and what it holds."""

    kind: Kind
    folder: Path
    patterns: Mapping[str, StoredDocument]
    deleted: frozenset[str]

    def copy(self, target: Path) -> str:
        """Copy the store to a new folder; its URL there."""
        shutil.copytree(self.folder, target)
        if self.kind.backend == "filesystem" and not self.kind.killed:
            _take_for_the_same(target / "patterns")
        return BACKENDS[self.kind.backend].format(folder=target)


def _take_for_the_same(root: Path) -> None:
    """Have the index of a copied tree know its files, whose inodes are others."""
    with closing(sqlite3.connect(root / ".index/index.db")) as index, index:
        for (path,) in index.execute("SELECT DISTINCT path FROM files").fetchall():
            status = (root / path).stat()
            index.execute(
                "UPDATE files SET inode = ?, changed_at = ? WHERE path = ?",
                (status.st_ino, status.st_mtime_ns, path),
            )


async def template(kind: Kind, folder: Path) -> Template:
    """Make the store of a kind in a folder."""
    live = folder / "live"
    live.mkdir(parents=True)
    storage = storage_from(BACKENDS[kind.backend].format(folder=live), StorageOptions(readers=1))
    await storage.open()
    await storage.ready()
    await _fill(storage)
    changes = await all_changes(storage, deletes=True)
    if kind.killed:  # as a kill leaves it: all that was written is there, and the log of it
        await asyncio.to_thread(shutil.copytree, live, folder / "store")
    await storage.close()
    if not kind.killed:
        live.rename(folder / "store")
    for file in (folder / "store").rglob("*.*"):
        if file.is_file():
            age(file)
    return Template(
        kind,
        folder / "store",
        {each.pattern_id: each for each in changes if isinstance(each, StoredDocument)},
        frozenset(each.pattern_id for each in changes if isinstance(each, Tombstone)),
    )


async def _fill(storage: Storage) -> None:
    given = [*generated(PATTERNS, days=DAYS)]
    records = [
        record_of(each, pattern_id=each["pattern_id"], at=END - DAYS * DAY) for each in given
    ]
    await storage.insert_many(records[:-20])
    async for _ in storage.compress(END - 3 * DAY):
        pass
    async for _ in storage.summarise(END):
        pass
    await delete(storage, *[record.pattern_id for record in records[5:-20:20]])
    for pattern in given[3:-20:20]:
        changed = pattern | {"version": "2.0"}
        old = await storage.fetch(pattern["pattern_id"])
        await storage.update(
            record_of(changed, pattern_id=old.pattern_id, at=old.stored.at), old.seq
        )
    for record in records[-20:]:
        await storage.insert(record)


def damage(file: Path, random: Random) -> str:
    """Flip some bytes of a file, or cut it, as a disk does: its times stay. What was done."""
    status = file.stat()
    content = bytearray(file.read_bytes())
    if random.random() < 0.25:
        size = random.randrange(len(content))
        os.truncate(file, size)
        done = f"cut to {size} of {len(content)} bytes"
    else:
        places = [random.randrange(len(content)) for _ in range(random.choice((1, 1, 1, 2, 8, 64)))]
        for place in places:
            content[place] ^= random.randrange(1, 256)
        file.write_bytes(content)
        done = f"{len(places)} bytes changed, at {places[:8]}"
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    return f"{file.name} {done}"
