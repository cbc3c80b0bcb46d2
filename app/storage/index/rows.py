"""How rows of the database are written, and how one becomes a stored document."""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple
from zlib import crc32

from app.errors import DamagedStore, PatternStoreError
from app.schemas.json_text import read_json
from app.schemas.records import Provenance, StoredDocument

COLUMNS = "p.pattern_id, p.pattern_type, p.timestamp, p.stored_at, p.seq, p.revision, p.checksum"
"""What a statement selects of `patterns p` to make one."""

Row = tuple[Any, ...]
"""A row of `COLUMNS`."""


class Unreadable(NamedTuple):
    """Stands for a document that is not there, or cannot be unpacked, and says why."""

    why: str


def checksum_of(
    pattern_id: str,
    pattern_type: str,
    timestamp: int,
    at: int,
    seq: int,
    revision: int,
    document: bytes,
) -> int:
    """The CRC-32 (RFC 1952, section 8) of a stored document.

    SQLite has no checksums of its own, and a digit that has changed leaves a text JSON.
    """
    beside = f"{pattern_id} {pattern_type} {timestamp} {at} {seq} {revision}"
    return crc32(document, crc32(beside.encode()))


def stored_document(row: Row, document: bytes | Unreadable) -> StoredDocument:
    """The stored document of a row of `COLUMNS` and its text.

    Raises DamagedStore where they are not what was written.
    """
    pattern_id, pattern_type, timestamp, at, seq, revision, _ = row
    why = wrong_with(row, document)
    if why is None and isinstance(document, bytes):
        stored = Provenance(at, seq, revision)
        return StoredDocument.of(pattern_id, pattern_type, timestamp, document, stored)
    raise DamagedStore(
        f"The pattern {str(pattern_id)[:128]!r} is damaged in the store: {why}. Others can be "
        "read; pattern-store check tells what is damaged, and what repairs it."
    )


def wrong_with(row: Row, document: bytes | Unreadable) -> str | None:
    """How a row of `COLUMNS` and its text differ from what was written, None if they don't."""
    if isinstance(document, Unreadable):
        return document.why
    pattern_id, pattern_type, timestamp, at, seq, revision, checksum = row
    if checksum == checksum_of(pattern_id, pattern_type, timestamp, at, seq, revision, document):
        return None
    if checksum is not None:
        return "it differs from its checksum"
    try:
        read_json(document)  # which a version before 3 has written
    except PatternStoreError:
        return "it is no JSON text"
    return None


_MOST_ROWS = 256
_FEW_ROWS = 4
"""Up to so many rows, as the tags of a pattern are, there is a statement for each number."""


def insert_rows(
    connection: sqlite3.Connection, into: str, rows: Iterable[Sequence[Any]], suffix: str = ""
) -> None:
    """Insert rows, many with one statement.

    `into` names a table and its columns; `suffix` may say what to do on a conflict. A thread
    lets the others go on during each statement, and then waits for its next turn: with a
    statement for each row, that took most of a transaction's time in a busy service.
    """
    remaining = [*rows]
    place = 0
    while left := len(remaining) - place:
        number = left if left <= _FEW_ROWS else min(_MOST_ROWS, 1 << left.bit_length() - 1)
        chunk = remaining[place : place + number]
        values = tuple(chain.from_iterable(chunk))
        connection.execute(_insertion(into, len(chunk[0]), number, suffix), values)
        place += number


@cache
def _insertion(into: str, columns: int, rows: int, suffix: str) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {into} VALUES {', '.join([row] * rows)} {suffix}"
