"""A tree of files, the storage over it, and the hands of a person with ordinary tools."""

import gzip
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.schemas.json_text import write_json
from app.storage.filesystem import FilesystemStorage
from tests.contract.conftest import Store
from tests.patterns import pattern

DAY = "2026/01/15"
"""The folder of what is received now, as far as records say."""


@pytest.fixture
def storage_url(tmp_path: Path) -> str:
    """The store of the application under test."""
    return f"filesystem:///{tmp_path}/patterns"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the store."""
    return tmp_path / "patterns"


@pytest.fixture
async def store(storage_url: str) -> AsyncIterator[Store]:
    """A place with nothing in it yet."""
    place = Store(storage_url)
    yield place
    await place.close()


@pytest.fixture
async def storage(store: Store) -> FilesystemStorage:
    """An open store with nothing in it yet."""
    return opened(await store.open())


def opened(storage: object) -> FilesystemStorage:
    """A storage as the one that it is."""
    assert isinstance(storage, FilesystemStorage)
    return storage


def files_in(root: Path) -> list[str]:
    """The files that a person sees, relative to the store: neither hidden nor in quarantine."""
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
        and path.relative_to(root).parts[0]
        not in (
            "store.json",
            "tombstones.ndjson",
            "decisions.ndjson",
            "quarantine",
        )
    )


def quarantined(root: Path) -> list[str]:
    """The names of the files that were moved aside."""
    return sorted(os.listdir(root / "quarantine")) if (root / "quarantine").exists() else []


def put(root: Path, path: str, content: bytes | dict[str, Any]) -> Path:
    """A file as somebody puts it into the store, some time ago."""
    text = content if isinstance(content, bytes) else write_json(content)
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(text) if path.endswith(".gz") and text[:1] == b"{" else text)
    age(file)
    return file


def age(file: Path) -> None:
    """Have a file look as if nobody were still writing it."""
    status = file.stat()
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns - 10_000_000_000))


def posted(pattern_id: str | None = "a", **members: Any) -> dict[str, Any]:
    """A valid pattern of the day, as a client would send it."""
    given = {} if pattern_id is None else {"pattern_id": pattern_id}
    return pattern(**given, timestamp="2026-01-15T10:00:00Z", **members)


def numbered(pattern_id: str, seq: int, revision: int = 1, **members: Any) -> dict[str, Any]:
    """A pattern as a store has numbered it."""
    stored = {"at": "2026-01-15T10:00:00.000000Z", "seq": seq, "revision": revision}
    return posted(pattern_id, stored=stored, **members)


def content_of(file: Path) -> Any:
    """What a JSON file says."""
    return json.loads(file.read_bytes())


@contextmanager
def failing_commits(storage: FilesystemStorage) -> Iterator[None]:
    """A time in which the index commits nothing, though files are written."""
    connection = storage._writer._worker._connection
    assert connection is not None
    connection.execute("CREATE TEMP TABLE refusal (seq UNIQUE)")
    connection.execute("INSERT INTO refusal VALUES (1)")
    connection.execute(
        "CREATE TEMP TRIGGER refuse BEFORE UPDATE ON meta BEGIN INSERT INTO refusal VALUES (1); END"
    )
    try:
        yield
    finally:
        connection.execute("DROP TRIGGER refuse")
