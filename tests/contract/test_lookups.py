"""Many who look up patterns at once each get their own."""

import asyncio

import pytest

from app.errors import StorageUnavailable
from app.storage.base import Storage
from app.storage.index import reading
from tests.contract.reading import delete
from tests.records import record


@pytest.fixture
async def filled(storage: Storage) -> Storage:
    await storage.insert_many([record(f"p{n}") for n in range(50)])
    return storage


async def test_each_finds_what_it_asked_for(filled: Storage) -> None:
    names = [f"p{n % 70}" for n in range(400)]
    found = await asyncio.gather(*[filled.get(name) for name in names])
    for name, pattern in zip(names, found, strict=True):
        assert (pattern.pattern_id if pattern else None) == (name if int(name[1:]) < 50 else None)


async def test_those_that_go_away_are_no_others_trouble(filled: Storage) -> None:
    tasks = [asyncio.create_task(filled.get(f"p{n}")) for n in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each.pattern_id for n, each in enumerate(found) if n % 3] == [  # type: ignore[union-attr]
        f"p{n}" for n in range(50) if n % 3
    ]
    assert await filled.get("p1")


async def test_one_begun_after_a_write_sees_it(filled: Storage) -> None:
    async def write_and_read(n: int) -> bool:
        await filled.insert(record(f"new{n}"))
        there = await filled.get(f"new{n}")
        await delete(filled, f"new{n}")
        return there is not None and await filled.get(f"new{n}") is None

    assert all(await asyncio.gather(*[write_and_read(n) for n in range(60)]))


async def test_one_that_fails_fails_alone(filled: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    get = reading.get

    def get_but_one(connection: object, pattern_id: str) -> object:
        if pattern_id == "p7":
            raise StorageUnavailable("damaged")
        return get(connection, pattern_id)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "get", get_but_one)
    found = await asyncio.gather(*[filled.get(f"p{n}") for n in range(50)], return_exceptions=True)
    assert [n for n, each in enumerate(found) if isinstance(each, StorageUnavailable)] == [7]
    assert [n for n, each in enumerate(found) if isinstance(each, Exception)] == [7]
