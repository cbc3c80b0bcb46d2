"""Look-ups by id: those that arrive while one is under way share the next read.

Handing work to a connection's thread and back takes longer than finding a pattern by its id.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from app.schemas.records import StoredDocument
from app.storage.index import reading
from app.storage.index.connections import Connection, Readers
from app.storage.index.failures import translated

Found = StoredDocument | Exception | None


class Lookups:
    """The look-ups of one store."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._waiting: list[tuple[str, asyncio.Future[Found]]] = []
        self._reading = False
        self._task: asyncio.Task[None] | None = None

    async def get(self, pattern_id: str) -> StoredDocument | None:
        """The pattern under an id, as it is now or later."""
        if self._reading:
            future: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
            self._waiting.append((pattern_id, future))
            found = await future
            if isinstance(found, Exception):
                raise found
            return found
        self._reading = True
        try:
            return await self._readers.run(partial(reading.get, pattern_id=pattern_id))
        finally:
            self._reading = False
            self._read_those_waiting()

    def _read_those_waiting(self) -> None:
        if self._waiting:
            self._reading = True
            self._task = asyncio.create_task(self._read_groups())

    async def _read_groups(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            found: Sequence[Found]
            try:
                names = [pattern_id for pattern_id, _ in group]
                found = await self._readers.run(partial(_get_each, pattern_ids=names))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is each caller's answer
                found = [error] * len(group)
            for (_, future), result in zip(group, map(self._readers.noted, found), strict=True):
                if not future.done():  # or its caller went away
                    future.set_result(result)
        self._reading = False


def _get_each(connection: Connection, pattern_ids: Sequence[str]) -> list[Found]:
    """What each look-up finds, or fails with: one damaged document is no other's trouble."""
    found: list[Found] = []
    for pattern_id in pattern_ids:
        try:
            found.append(reading.get(connection, pattern_id))
        except Exception as error:  # noqa: BLE001
            found.append(translated(error))
    return found
