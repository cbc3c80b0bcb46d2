"""`tombstones.ndjson`: deletions, one JSON line each, as exports tell of them."""

import json
from collections.abc import Sequence
from pathlib import Path

from app.storage.base import Tombstone
from app.storage.filesystem.durable import append_lines, write_files
from app.storage.filesystem.layout import TOMBSTONES


def append_tombstones(root: Path, buried: Sequence[tuple[Tombstone, int]]) -> None:
    """Add deletions with their times (microseconds), durable on return."""
    append_lines(root / TOMBSTONES, b"".join(_line(tombstone, at) for tombstone, at in buried))


def read_tombstones(root: Path) -> list[tuple[Tombstone, int]]:
    """All deletions; a line that a power failure has cut counts as not written."""
    path = root / TOMBSTONES
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
            found.append((Tombstone(entry["pattern_id"], entry["seq"]), entry["deleted_at"]))
        except (ValueError, LookupError, TypeError):
            continue
    return found


def write_tombstones(root: Path, buried: Sequence[tuple[Tombstone, int]]) -> None:
    """Replace the file: these are all there are."""
    content = b"".join(_line(tombstone, at) for tombstone, at in buried)
    write_files(root, {TOMBSTONES: content})


def _line(tombstone: Tombstone, at: int) -> bytes:
    entry = {"pattern_id": tombstone.pattern_id, "seq": tombstone.seq, "deleted_at": at}
    return json.dumps(entry).encode() + b"\n"
