"""The stores that the contract is tested on: each test runs on every backend."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest

from app.metrics import Metrics
from app.storage.base import Storage
from app.storage.registry import StorageOptions, storage_from
from tests.conftest import BACKENDS


class Store:
    """One place for patterns, to be opened and closed as a test likes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.metrics = Metrics()
        self._open: list[Storage] = []

    async def open(
        self,
        *,
        synchronous: Literal["full", "normal"] = "normal",
        read_only: bool = False,
        query_seconds: float | None = None,
    ) -> Storage:
        """Another storage over the place."""
        options = StorageOptions(
            synchronous=synchronous,
            readers=2,
            query_seconds=query_seconds,
            read_only=read_only,
            metrics=self.metrics,
        )
        storage = storage_from(self.url, options)
        await storage.open()
        self._open.append(storage)
        await storage.ready()
        return storage

    async def close(self) -> None:
        """Close what is open, the latest first."""
        while self._open:
            await self._open.pop().close()

    async def reopen(self) -> Storage:
        """Close the store and open it again."""
        await self.close()
        return await self.open()


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A place with nothing in it yet."""
    place = Store(BACKENDS[request.param].format(folder=tmp_path))
    yield place
    await place.close()


@pytest.fixture
async def storage(store: Store) -> Storage:
    """An open store with nothing in it yet."""
    return await store.open()
