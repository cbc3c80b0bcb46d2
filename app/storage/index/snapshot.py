"""Copying the database as it is at one moment, while others write to it.

The copy is made page by page in one read transaction. SQLite begins a backup anew whenever
another process has written, and among steady writes it would never end; but what a transaction
reads cannot change, so inside one it goes straight on. Writers are not kept waiting: until it
ends, their log only cannot be begun anew. 100,000 patterns take 0.2 seconds, a quarter of what
`VACUUM INTO` takes, which besides does not run on connections that only read.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event

from app.storage.index.connections import Connection

_PAGES = 1000
"""Pages copied between two looks at whether to go on: 4 MB."""


def write_snapshot(connection: Connection, path: Path, stopped: Event) -> None:
    """Copy the database that a connection reads, in a transaction, to a new file.

    The file is not synced. Raises InterruptedError when it has been `stopped`.
    """

    def go_on(_status: int, _remaining: int, _total: int) -> None:
        if stopped.is_set():
            raise InterruptedError

    connection.execute("SELECT value FROM meta").fetchall()  # which is the moment
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        copy.execute("PRAGMA synchronous = OFF")
        copy.execute("PRAGMA journal_mode = OFF")
        connection.backup(copy, pages=_PAGES, progress=go_on, sleep=0)
