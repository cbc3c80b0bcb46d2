"""Merging recent ids into the large index, between the writer's transactions."""

import asyncio
from contextlib import suppress
from functools import partial

from app.errors import DamagedStore, StorageUnavailable
from app.storage.index.ids import settle
from app.storage.index.writer import Writer

_PAUSE_SECONDS = 1.0
"""Between what is committed and a look at how many ids are recent; at a commit's rate of ten
thousand a second, as many more."""


class Settling:
    """The merging of one store's ids, as long as it is open."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Have them merged from now on."""
        self._task = asyncio.create_task(self._go_on(), name="settling")

    def close(self) -> None:
        """Merge no more, but for the stretch under way."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _go_on(self) -> None:
        seen, after = 0, ""
        while True:
            seen = await self._writer.next_commit(seen)
            await asyncio.sleep(_PAUSE_SECONDS)
            with suppress(DamagedStore, StorageUnavailable):  # writes fail as well, and tell
                while (
                    last := await self._writer.outside(partial(settle, after=after))
                ) is not None:
                    after = last
