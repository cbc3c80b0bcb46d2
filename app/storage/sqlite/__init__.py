"""The default backend: one SQLite database in WAL mode."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

from app.errors import StoreExists
from app.metrics import Metrics
from app.storage.folder import put_in_place
from app.storage.index.mirror import Mirror
from app.storage.index.storage import IndexedStorage

_PARTS = ("", "-wal", "-shm", "-journal")
"""What the names of a database's files end with. SQLite takes a log up into whatever database
it finds beside it."""


class SQLiteStorage(IndexedStorage):
    """Patterns in one database file; a lock file beside it keeps a second process out."""

    mending = (
        "Unless it never was a store, it is damaged: pattern-store export --skip-damaged writes "
        "what can be read of it; then move it away, with its -wal, and pattern-store restore "
        "makes it anew from a backup, or pattern-store import --preserve from that export."
    )

    def __init__(
        self,
        path: str,
        *,
        synchronous: Literal["full", "normal"],
        readers: int,
        query_seconds: float | None = None,
        read_only: bool,
        must_exist: bool = False,
        metrics: Metrics,
    ) -> None:
        super().__init__(
            Path(path),
            Path(path),
            Path(f"{path}.lock"),
            synchronous=synchronous,
            readers=readers,
            query_seconds=query_seconds,
            read_only=read_only,
            must_exist=must_exist,
            metrics=metrics,
            mirror=Mirror(),
        )

    def require_vacancy(self) -> None:
        for path in (Path(f"{self._path}{part}") for part in _PARTS):
            if os.path.lexists(path):
                raise StoreExists(
                    f"{path.absolute()} is there already, and nothing is written over it. "
                    "Name a new place, or move it away."
                )

    async def take_over(self, snapshot: Path) -> AsyncIterator[int]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.acquire()
        try:
            self.require_vacancy()
            put_in_place(snapshot, self._path)
        finally:
            self._lock.release()
        yield 0
