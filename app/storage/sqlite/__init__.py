"""The default backend: one SQLite database in WAL mode."""

from pathlib import Path
from typing import Literal

from app.metrics import Metrics
from app.storage.index.mirror import Mirror
from app.storage.index.storage import IndexedStorage


class SQLiteStorage(IndexedStorage):
    """Patterns in one database file; a lock file beside it keeps a second process out."""

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
