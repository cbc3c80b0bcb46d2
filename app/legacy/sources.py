"""Where old records are: a tree of files, or a database."""

import gzip
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import Any

from app.errors import (
    BodyTooLarge,
    FieldError,
    InvalidPattern,
    MalformedRequest,
    PatternStoreError,
    StoreNotOpened,
)
from app.legacy.conversion import converted
from app.schemas.json_text import read_json, write_json

_STORE = "store.json"
_INDEXES = ("index.json", "index.json.gz")
_COLUMNS = ("pattern_id", "pattern_type", "timestamp", "data", "context", "version")
_SQLITE = b"SQLite format 3\0"


def is_database(path: Path) -> bool:
    """Whether a file is a SQLite database."""
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


class Tree:
    """A folder and those below it, with a pattern in each `.json` and `.json.gz` file."""

    def __init__(self, root: Path, zone: tzinfo, max_bytes: int) -> None:
        if (root / _STORE).exists():
            raise StoreNotOpened(f"{root} is a store of this program; use pattern-store migrate.")
        self._zone = zone
        self._max_bytes = max_bytes
        self._paths = sorted(
            Path(folder, name)
            for folder, _, names in os.walk(root)
            for name in names
            if name.endswith((".json", ".json.gz")) and name not in _INDEXES and name[0] != "."
        )
        self.total = len(self._paths)

    def __iter__(self) -> Iterator[bytes | PatternStoreError]:
        for path in self._paths:
            try:
                yield self._read(path)
            except PatternStoreError as error:
                yield error
            except (OSError, EOFError, zlib.error) as error:
                yield MalformedRequest(f"The file cannot be read: {error}.")

    def place(self, index: int) -> str:
        """The file of an item."""
        return str(self._paths[index])

    def _read(self, path: Path) -> bytes:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            text = file.read(self._max_bytes + 1)
        if len(text) > self._max_bytes:
            raise BodyTooLarge(f"A pattern may have {self._max_bytes} bytes; this one has more.")
        return write_json(converted(read_json(text), self._zone, name=path.name))


class Database:
    """A SQLite database with its patterns in one table, `data` and `context` as JSON texts."""

    def __init__(self, path: Path, zone: tzinfo) -> None:
        self._path = path
        self._zone = zone
        self._ids: list[Any] = []
        with self._rows("SELECT count(*) AS total, * FROM patterns") as rows:
            counted = dict(next(rows))
        if "seq" in counted:
            raise StoreNotOpened(f"{path} is a store of this program; use pattern-store migrate.")
        self.total: int = counted["total"]

    def __iter__(self) -> Iterator[bytes | PatternStoreError]:
        with self._rows("SELECT * FROM patterns ORDER BY timestamp, pattern_id") as rows:
            for row in rows:
                self._ids.append(row["pattern_id"])
                try:
                    yield write_json(converted(_record(dict(row)), self._zone))
                except PatternStoreError as error:
                    yield error

    def place(self, index: int) -> str:
        """The row of an item."""
        return f"{self._path}: {self._ids[index]!r}"

    @contextmanager
    def _rows(self, statement: str) -> Iterator[Iterator[sqlite3.Row]]:
        try:
            uri = f"{self._path.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                yield connection.execute(statement)
        except sqlite3.Error as error:
            raise StoreNotOpened(f"{self._path} cannot be read: {error}.") from error


def _record(row: dict[str, Any]) -> dict[str, Any]:
    """The record of a row. Raises InvalidPattern where a column holds no JSON."""
    record = {name: row[name] for name in _COLUMNS if row.get(name) is not None}
    if "timestamp" not in record and row.get("created_at") is not None:
        record["timestamp"] = row["created_at"]
    for name in ("data", "context"):
        try:
            if isinstance(text := record.get(name), str):
                record[name] = read_json(text.encode())
        except MalformedRequest as error:
            raise InvalidPattern([FieldError("pointer", f"/{name}", "json", str(error))]) from None
    return record
