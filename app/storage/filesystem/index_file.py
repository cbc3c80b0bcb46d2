"""The index's own file: opening it, beginning it anew, and knowing whether it saw all writes."""

import logging
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.errors import StoreNotOpened
from app.storage.filesystem.files import TABLES
from app.storage.index.connections import Connection
from app.storage.index.failures import DRIVER_ERRORS, explained, is_contradiction, is_damage

_log = logging.getLogger(__name__)


def open_index(path: Path, connect: Callable[[], Connection]) -> Connection:
    """The index, begun anew where it is damaged."""
    try:
        return _checked(connect())
    except (*DRIVER_ERRORS, StoreNotOpened) as error:
        if isinstance(error, sqlite3.Error) and not (is_damage(error) or is_contradiction(error)):
            raise
        _log.warning("index begun anew", extra={"why": explained(error)})
    set_aside(path)
    return _checked(connect())


def set_aside(path: Path) -> None:
    """Have a damaged index make room for a new one. Until the next, it stays: it may hold a
    second copy of what is damaged among the files."""
    for suffix in ("", "-wal"):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").replace(f"{path}.damaged{suffix}")
    Path(f"{path}-shm").unlink(missing_ok=True)


def end_mark(connection: Connection) -> str | None:
    """The mark that the latest clean end left."""
    row = connection.execute("SELECT token FROM closed").fetchone()
    return None if row is None else row[0]


def mark_end(connection: Connection) -> str:
    """Leave a new mark."""
    token = secrets.token_hex(16)
    connection.execute("DELETE FROM closed")
    connection.execute("INSERT INTO closed VALUES (?)", (token,))
    return token


def _checked(connection: Connection) -> Connection:
    try:
        (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise StoreNotOpened(f"the index is damaged: {state}")
        connection.executescript(TABLES)
    except BaseException:
        connection.close()
        raise
    return connection
