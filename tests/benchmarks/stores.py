"""Stores for benchmarks, as the service would fill them."""

import itertools
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.schemas.records import Record, record_of
from app.schemas.timestamps import SECOND, parse_timestamp
from app.storage.base import Storage
from app.storage.registry import StorageOptions, storage_from
from tests.conftest import BACKENDS
from tests.generated import END

BATCH = 1000


def place(folder: Path, backend: str) -> Path:
    """Where the store of a backend in a folder is: a file or a folder."""
    return Path(url(folder, backend).partition(":///")[2])


def url(folder: Path, backend: str) -> str:
    """The URL of a backend's store in a folder."""
    return BACKENDS[backend].format(folder=folder)


@asynccontextmanager
async def opened(folder: Path, backend: str) -> AsyncIterator[Storage]:
    """A backend's store in a folder, as the service opens it."""
    storage = storage_from(url(folder, backend), StorageOptions())
    await storage.open()
    await storage.ready()
    try:
        yield storage
    finally:
        await storage.close()


@asynccontextmanager
async def both(folder: Path) -> AsyncIterator[dict[str, Storage]]:
    """A store of either backend in a folder."""
    os.makedirs(folder, exist_ok=True)
    async with opened(folder, "sqlite") as sqlite, opened(folder, "filesystem") as filesystem:
        yield {"sqlite": sqlite, "filesystem": filesystem}


def record(pattern: dict[str, Any]) -> Record:
    """A pattern as it was received five seconds after it happened."""
    posted_id = pattern["pattern_id"]
    at = parse_timestamp(pattern["timestamp"]) + 5 * SECOND
    return record_of(pattern, pattern_id=posted_id, at=at)


async def fill(stores: Iterable[Storage], patterns: Iterable[dict[str, Any]]) -> None:
    """Store the same patterns in several stores."""
    remaining = iter(patterns)
    while batch := [record(pattern) for pattern in itertools.islice(remaining, BATCH)]:
        for storage in stores:
            await storage.insert_many(batch)


async def compress_all(storage: Storage) -> None:
    """Compress all there is, and give the space back."""
    async for _ in storage.compress(END + 2 * 86_400 * SECOND):
        pass
    await storage.reclaim()


def allocated(paths: Sequence[Path]) -> int:
    """The bytes that files, and folders with all in them, take of the disk."""
    total = 0
    for path in paths:
        inside = [path, *path.rglob("*")] if path.is_dir() else [path]
        total += sum(each.lstat().st_blocks * 512 for each in inside)
    return total
