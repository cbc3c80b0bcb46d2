"""How a row of the database becomes a stored document."""

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
