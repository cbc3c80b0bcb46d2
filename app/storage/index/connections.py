"""Connections to the database: how they are opened and set up, and what serves any of them."""

import math
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

from app.errors import StoreNotOpened
from app.storage.index.documents import Documents
from app.storage.index.failures import DRIVER_ERRORS
from app.storage.index.recent import RecentStates
from app.storage.index.schema import known_version

_BUSY_SECONDS = 5.0
_WAL_BYTES = 64 * 1024 * 1024
_PAGE_BYTES = 4096
_WRITER_CACHE_KIB = 16 * 1024
"""SQLite's 2 MB are less than a thousand patterns change among a million: pages that one
transaction needs twice would be read and written twice."""
_READER_CACHE_KIB = 512
"""There are several readers, and what one has read the system's cache has too."""

_STEPS = 10_000
"""How many of its machine's instructions SQLite does between two looks at the clock: about half
a millisecond's worth, so that looking costs nothing to speak of."""


class Connection(sqlite3.Connection):
    """A connection that can read documents, compressed ones too.

    A statement that still runs at the `deadline`, in the seconds of `time.monotonic`, fails.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.documents = Documents(self)
        self.recent = RecentStates(0)
        self.deadline = math.inf

    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() > self.deadline


def connect_writer(
    path: Path, synchronous: Literal["full", "normal"], opened: Callable[[], None] = lambda: None
) -> Connection:
    """The one connection that changes the database, which it creates where there is none.

    `opened` is called when SQLite has taken up a log that was left, and nothing is written yet.
    """
    connection = sqlite3.connect(
        path,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    return _set_up(
        connection,
        opened,
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        f"journal_size_limit = {_WAL_BYTES}",
        f"cache_size = -{_WRITER_CACHE_KIB}",
        f"wal_autocheckpoint = {_WAL_BYTES // _PAGE_BYTES}",  # Checkpoints come long before
        "temp_store = MEMORY",
    )


def connect_reader(
    path: Path, *, damaged: bool = False, recent: RecentStates | None = None
) -> Connection:
    """A connection that cannot change the database; of a `damaged` one it reads what it can.

    It shares `recent` with others, or reads each state anew.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    if recent is not None:
        connection.recent = recent
    connection.set_progress_handler(connection.is_late, _STEPS)
    if damaged:  # SQLite then takes also a file whose end is missing
        connection.execute("PRAGMA writable_schema = ON")
    return _set_up(
        connection,
        lambda: None,
        "query_only = ON",
        f"cache_size = -{_READER_CACHE_KIB}",
        "temp_store = MEMORY",
    )


def _set_up(connection: Connection, opened: Callable[[], None], *settings: str) -> Connection:
    try:
        known_version(connection)  # first, since settings can change even a foreign file
        opened()
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")
    except (*DRIVER_ERRORS, StoreNotOpened):
        connection.close()
        raise
    return connection


def read_anew(path: Path) -> None:
    """Read over a new connection, which notices what a cache would hide: a file that is gone."""
    with closing(connect_reader(path)) as connection:
        connection.execute("SELECT value FROM meta").fetchall()


@contextmanager
def patience(connection: Connection, seconds: float | None = None) -> Iterator[None]:
    """Within it, what another connection holds up is waited for so long; 5 s unless told."""
    (before,) = connection.execute("PRAGMA busy_timeout").fetchone()
    be_patient(connection, _BUSY_SECONDS if seconds is None else seconds)
    try:
        yield
    finally:
        be_patient(connection, before / 1000)


def be_patient(connection: Connection, seconds: float) -> None:
    """Wait so long for what another connection holds up, from now on."""
    connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")


def checkpoint(connection: Connection) -> bool:
    """Move the write-ahead log into the database and empty it; whether others let it.

    It does not wait for them: until they are gone, writers would wait too.
    """
    with patience(connection, 0):
        busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def roll_back(connection: Connection) -> None:
    """Undo what was not committed; a failure may have done it already."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def forget_pages(connection: Connection) -> None:
    """After a failure, have all be read from the disk again, which may have given back nonsense."""
    connection.execute("PRAGMA shrink_memory")
