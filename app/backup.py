"""A whole store in one file, and a store made from such a file.

Whatever the backend, the file is a SQLite database in a Zstandard frame (RFC 8878): unpacked
with `zstd -d`, it is a store that the sqlite backend opens. The frame's checksum tells whether
it is whole and undamaged.

Why not JSON lines, as an export has them: an export tells neither the hashes by which retries
are known, nor when patterns were deleted, and what is made from it has to be indexed again:
23 seconds for 100,000 patterns, where to restore them takes one. To write and check a backup of
them takes 9, of which the check takes 7.
"""

import asyncio
import hashlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from app.errors import PatternStoreError, StorageUnavailable, StoreNotOpened
from app.migration import damage
from app.storage.base import Storage
from app.storage.folder import make_folder, put_in_place
from app.storage.index.schema import APPLICATION_ID
from app.storage.registry import StorageOptions, place_of, storage_from

_PIECE = 1024 * 1024
_OPTIONS: dict[int, int] = {
    zstd.CompressionParameter.compression_level: 3,
    zstd.CompressionParameter.checksum_flag: 1,
}
_APPLICATION_ID_AT = 68
"""Where a SQLite database says whose it is (its file format, section 1.3)."""


class BackupFailed(PatternStoreError):
    """A backup was not written, or not restored; nothing is left of the attempt."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds: so many patterns, after the change with this number."""

    patterns: int
    last_seq: int

    def __str__(self) -> str:
        return f"{self.patterns} patterns at seq {self.last_seq}"


async def write(storage: Storage, path: Path) -> Contents:
    """Write a store to a new file as it is at one moment, beside whoever writes to it.

    The file gets its name when it has been checked and is on the disk; until then up to
    twice the store's size may be needed beside it. Raises BackupFailed.
    """
    _refuse_to_overwrite(path)
    with _failing_as(f"{path} was not written"), _folder_beside(path) as folder:
        copy, packed = folder / "copy.db", folder / "packed"
        await storage.snapshot(copy)
        async with _opened(copy) as store:
            for finding in await damage(store):
                raise BackupFailed(
                    f"{path} was not written: the store is damaged ({finding.place}: "
                    f"{finding.problem}). See pattern-store check."
                )
            contents = await _contents(store)
        with copy.open("rb") as source, _packing(packed) as target:
            written = await _pour(source, target)
        with _unpacking(packed) as source, _nowhere() as target:
            if await _pour(source, target) != written:
                raise BackupFailed(f"{path} was not written: the disk gives back something else.")
        _refuse_to_overwrite(path)
        put_in_place(packed, path)
    return contents


async def restore(path: Path, url: str, on_progress: Callable[[int], None]) -> Contents:
    """Make the store that a URL names from a backup; `on_progress` hears of patterns written.

    The store is there whole or not at all. Raises StoreExists where anything is in its place,
    BackupFailed where the backup is damaged or something else prevents it.
    """
    target, place = storage_from(url, StorageOptions()), place_of(url)
    target.require_vacancy()
    with _failing_as(f"{place} was not restored"), _unpacking(path) as source:
        make_folder(place.parent)
        with _folder_beside(place) as folder:
            snapshot = folder / "snapshot.db"
            with snapshot.open("wb") as unpacked:
                await _pour(source, unpacked)
            _require_store(snapshot, path)
            async with _opened(snapshot) as store:  # which migrates one of an older version
                contents = await _contents(store)
            done = 0
            async for number in target.take_over(snapshot):
                done += number
                on_progress(done)
    return contents


def _refuse_to_overwrite(path: Path) -> None:
    if os.path.lexists(path):
        raise BackupFailed(f"{path} is there already, and nothing is written over it.")


def _require_store(database: Path, path: Path) -> None:
    with database.open("rb") as file:
        header = file.read(_APPLICATION_ID_AT + 4)
    if header[_APPLICATION_ID_AT:] != APPLICATION_ID.to_bytes(4):
        raise BackupFailed(f"{path} is not a backup of a pattern store.")


async def _contents(storage: Storage) -> Contents:
    summary = await storage.summary(0)
    return Contents(sum(tally.patterns for tally in summary.days), summary.last_seq)


@asynccontextmanager
async def _opened(database: Path) -> AsyncIterator[Storage]:
    storage = storage_from(f"sqlite:///{database}", StorageOptions(readers=1))
    await storage.open()
    try:
        yield storage
    finally:
        await storage.close()


async def _pour(source: BinaryIO, target: BinaryIO) -> bytes:
    """Copy one file into another, giving way after each piece; the SHA-256 of all of it."""
    digest = hashlib.sha256()
    while piece := source.read(_PIECE):
        digest.update(piece)
        target.write(piece)
        await asyncio.sleep(0)
    return digest.digest()


@contextmanager
def _packing(path: Path) -> Iterator[BinaryIO]:
    with zstd.open(path, "wb", options=_OPTIONS) as file:
        yield cast(BinaryIO, file)


@contextmanager
def _unpacking(path: Path) -> Iterator[BinaryIO]:
    """What is packed in a file. Raises BackupFailed where that is damaged."""
    try:
        with zstd.open(path, "rb") as file:
            yield cast(BinaryIO, file)
    except (EOFError, zstd.ZstdError) as error:
        raise BackupFailed(f"{path} is damaged, or not a backup: {error}.") from error


@contextmanager
def _nowhere() -> Iterator[BinaryIO]:
    with Path(os.devnull).open("wb") as file:
        yield file


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """A folder on the same disk, which goes with all in it."""
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        yield Path(folder)


@contextmanager
def _failing_as(what: str) -> Iterator[None]:
    """Say of the errors of a disk or a store what they have prevented."""
    try:
        yield
    except (OSError, StorageUnavailable, StoreNotOpened) as error:
        raise BackupFailed(f"{what}: {error}") from error
