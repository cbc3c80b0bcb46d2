"""How rows of the database are written, and how one becomes a stored document."""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from app.schemas.records import Provenance, StoredDocument

COLUMNS = "p.pattern_id, p.pattern_type, p.timestamp, p.stored_at, p.seq, p.revision"
"""What a statement selects of `patterns p` to make one."""


def stored_document(row: tuple[Any, ...], document: bytes) -> StoredDocument:
    """The stored document of a row of `COLUMNS` and its text."""
    pattern_id, pattern_type, timestamp, at, seq, revision = row
    return StoredDocument(
        pattern_id, pattern_type, timestamp, document, Provenance(at, seq, revision)
    )


_MOST_ROWS = 64


def insert_rows(
    connection: sqlite3.Connection, into: str, rows: Iterable[Sequence[Any]], suffix: str = ""
) -> None:
    """Insert rows, many with one statement.

    `into` names a table and its columns; `suffix` may say what to do on a conflict. A thread
    lets the others go on during each statement, and then waits for its next turn: with a
    statement for each row, that took most of a transaction's time in a busy service.
    """
    remaining = [*rows]
    place, number = 0, _MOST_ROWS
    while place < len(remaining):
        while number > len(remaining) - place:
            number //= 2
        chunk = remaining[place : place + number]
        values = [value for row in chunk for value in row]
        connection.execute(_insertion(into, len(chunk[0]), number, suffix), values)
        place += number


@cache
def _insertion(into: str, columns: int, rows: int, suffix: str) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {into} VALUES {', '.join([row] * rows)} {suffix}"
