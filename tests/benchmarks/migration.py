"""Migrating a store, against the bare reading and writing of the same rows."""

import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

from app import migration
from app.storage.base import Storage
from tests.benchmarks.stores import fill, opened, place, record
from tests.benchmarks.table import Benchmark, Row
from tests.generated import generated


async def run(folder: Path, patterns: int) -> AsyncIterator[Row]:
    """Migrate to files and back, and do each bare."""
    first, second, third = (folder / name for name in ("first", "second", "third"))
    for path in (first, second, third):
        path.mkdir()
    async with opened(first, "sqlite") as source:
        await fill([source], generated(patterns))
        async with opened(second, "filesystem") as files:
            to_files = await _migrated(source, files)
            async with opened(third, "sqlite") as target:
                back = await _migrated(files, target)
    bare_read = _read_tables(place(first, "sqlite"))
    bare_files = _copy_files(place(second, "filesystem"), folder / "bare")
    bare_tables = _copy_tables(place(third, "sqlite"), folder / "bare.db")
    bare_read_files = _read_files(place(second, "filesystem"))
    yield _compared("migrating sqlite to filesystem", to_files, bare_read + bare_files)
    yield _compared("migrating filesystem to sqlite", back, bare_read_files + bare_tables)


def _compared(what: str, taken: tuple[float, float], bare: float) -> Row:
    copying, comparing = taken
    total = copying + comparing
    return (
        what,
        f"{total:.1f} s",
        f"{comparing:.1f} s",
        f"{bare:.1f} s",
        f"{total / bare:.2f} times",
        "at most 3 times",
    )


async def _migrated(source: Storage, target: Storage) -> tuple[float, float]:
    """Seconds of copying, and of comparing the two."""
    started = time.perf_counter()
    await migration.copy(source, target, lambda _: None)
    copied = time.perf_counter()
    same = await migration.inventory(source, lambda _: None)
    assert await migration.inventory(target, lambda _: None) == same
    assert not await migration.damage(target)
    return copied - started, time.perf_counter() - copied


def _read_tables(database: Path) -> float:
    started = time.perf_counter()
    with closing(sqlite3.connect(database)) as connection:
        for table in ("patterns", "documents", "tags"):
            connection.execute(f"SELECT * FROM {table}").fetchall()
    return time.perf_counter() - started


def _read_files(root: Path) -> float:
    started = time.perf_counter()
    for path in root.glob("[0-9]*/**/*.json"):
        path.read_bytes()
    return time.perf_counter() - started


def _copy_files(root: Path, target: Path) -> float:
    """Write the same files durably, one after the other."""
    contents = {path.relative_to(root): path.read_bytes() for path in root.glob("[0-9]*/**/*.json")}
    started = time.perf_counter()
    for path, content in contents.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        temporary = target / path.parent / "new"
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(target / path)
    return time.perf_counter() - started


def _copy_tables(database: Path, target: Path) -> float:
    """Write the same rows to the same tables, with their indexes, in one transaction."""
    with closing(sqlite3.connect(database)) as source:
        schema = source.execute(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'words_%'"
            " AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        rows = {
            table: source.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("patterns", "recent_ids", "settled_ids", "documents", "tags")
        }
        texts = [
            (seq, record(json.loads(document)).text)
            for seq, document in source.execute("SELECT seq, document FROM documents")
        ]
    started = time.perf_counter()
    with closing(sqlite3.connect(target)) as connection:
        for (statement,) in schema:
            connection.execute(statement)
        with connection:
            for table, content in rows.items():
                if content:
                    places = ", ".join("?" * len(content[0]))
                    connection.executemany(f"INSERT INTO {table} VALUES ({places})", content)
            connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", texts)
    return time.perf_counter() - started


BENCHMARK = Benchmark(("measured", "taken", "of it comparing", "bare", "ratio", "target"), run)
