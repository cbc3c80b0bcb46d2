"""Changes as the lines of an export."""

from pydantic_core import to_json

from app.schemas.answers import DeletedPattern
from app.schemas.records import StoredDocument
from app.storage.base import Changes, Tombstone


def export_lines(step: Changes) -> bytes:
    """One JSON line a change: the pattern as it is, or what a deletion left."""
    return b"".join([_line(change) for change in step.changes])


def _line(change: StoredDocument | Tombstone) -> bytes:
    if isinstance(change, Tombstone):
        line: DeletedPattern = {
            "pattern_id": change.pattern_id,
            "deleted": True,
            "seq": change.seq,
        }
        return to_json(line) + b"\n"
    return change.json + b"\n"
