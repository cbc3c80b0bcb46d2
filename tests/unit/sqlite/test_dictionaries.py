"""The dictionaries of compressed documents: no more than pay, and few of them in memory."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
import zstandard

from app.schemas.records import record_of
from app.storage.sqlite import SQLiteStorage
from tests.endurance.curves import memory
from tests.generated import END, generated
from tests.records import records
from tests.unit.sqlite.conftest import run_sql, storage_at

BATCH = 150
MANY = 400
MIB = 2**20


async def compress(storage: SQLiteStorage) -> int:
    return sum([done async for done in storage.compress(END)])


def dictionaries(path: Path) -> int:
    return int(run_sql(path, "SELECT count(*) FROM dictionaries")[0][0])


async def add_usual(storage: SQLiteStorage, seed: int) -> None:
    """Patterns that differ from those of other seeds no more than from each other."""
    await storage.insert_many(
        [
            record_of(pattern, pattern_id=pattern["pattern_id"], at=END)
            for pattern in generated(BATCH, seed=seed, end=END)
        ]
    )


async def add_strange(storage: SQLiteStorage) -> None:
    """Patterns that have nothing in common with the usual ones but much with each other."""
    random = Random(1)
    said = [f"{random.getrandbits(2000):x}" for _ in range(10)]
    await storage.insert_many(
        records(BATCH, data={"error_message": random.choice(said)}, at=END - 1)
    )


async def test_more_of_the_same_is_compressed_with_the_dictionary_that_is_there(
    storage: SQLiteStorage, path: Path
) -> None:
    for seed in range(8):
        await add_usual(storage, seed)
        assert await compress(storage) > 0
    assert dictionaries(path) == 1


async def test_documents_of_another_kind_get_a_dictionary_of_their_own(
    storage: SQLiteStorage, path: Path
) -> None:
    await add_usual(storage, 1)
    await compress(storage)
    await add_strange(storage)
    assert await compress(storage) == BATCH
    assert dictionaries(path) == 2


@pytest.fixture
async def of_many_dictionaries(path: Path) -> AsyncIterator[SQLiteStorage]:
    """A store each of whose documents was compressed with a dictionary of its own."""
    storage = storage_at(path)
    await storage.open()
    await storage.insert_many(records(MANY))
    await storage.close()
    random = Random(1)
    for seq, document in run_sql(path, "SELECT seq, document FROM documents"):
        content = random.randbytes(96 * 1024)
        coding = zstandard.ZstdCompressionDict(content)
        cold = zstandard.ZstdCompressor(dict_data=coding, write_dict_id=False).compress(document)
        run_sql(path, "INSERT INTO dictionaries (number, content) VALUES (?, ?)", (seq, content))
        run_sql(path, "INSERT INTO cold_documents VALUES (?, ?, ?)", (seq, seq, cold))
    run_sql(path, "DELETE FROM documents")
    storage = storage_at(path)
    await storage.open()
    yield storage
    await storage.close()


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux tells it there")
async def test_reading_documents_of_ever_so_many_dictionaries_takes_little_memory(
    of_many_dictionaries: SQLiteStorage,
) -> None:
    before = memory(os.getpid())["Pss"]
    for number in range(MANY):
        assert await of_many_dictionaries.get(f"p{number:04}") is not None
    assert memory(os.getpid())["Pss"] - before < 30 * MIB
