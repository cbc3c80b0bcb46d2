"""The index's own file: opening it, beginning it anew, and knowing whether it saw all writes."""

import logging
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path

from app.errors import StoreNotOpened
from app.storage.filesystem.files import TABLES
from app.storage.index.connections import Connection

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""SQLite's errors that a new index mends; a full disk or a lock is none of them."""

_log = logging.getLogger(__name__)


def open_index(path: Path, connect: Callable[[], Connection]) -> Connection:
    """The index, begun anew where it is damaged."""
    try:
        return _checked(connect())
    except (sqlite3.DatabaseError, StoreNotOpened) as error:
        if isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF not in _BROKEN:
            raise
        _log.warning("index begun anew", extra={"why": str(error)})
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    return _checked(connect())


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
