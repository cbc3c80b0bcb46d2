"""`tombstones.ndjson`: deletions, one JSON line each, as exports tell of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

from app.storage.base import Tombstone
from app.storage.filesystem.durable import append_lines, write_files
from app.storage.filesystem.layout import TOMBSTONES


def append_tombstones(root: Path, buried: Sequence[tuple[Tombstone, int]]) -> None:
    """Add deletions with their times (microseconds), durable on return."""
    append_lines(root / TOMBSTONES, b"".join(_line(tombstone, at) for tombstone, at in buried))


def read_tombstones(root: Path) -> list[tuple[Tombstone, int]]:
    """All deletions; lines that cannot be read, as a power failure leaves them, are passed over."""
    return [entry for line in _lines(root) if (entry := _entry(line)) is not None]


def unreadable_lines(root: Path) -> int:
    """How many lines cannot be read."""
    return sum(_entry(line) is None for line in _lines(root))


def _lines(root: Path) -> list[bytes]:
    path = root / TOMBSTONES
    return path.read_bytes().splitlines() if path.exists() else []


def _entry(line: bytes) -> tuple[Tombstone, int] | None:
    """What a line says, None where it is not what was written."""
    try:
        entry = json.loads(line)
        tombstone = Tombstone(entry["pattern_id"], entry["seq"])
        at, checksum = entry["deleted_at"], entry.get("crc32")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if checksum is None:  # a version before had none
        types = type(tombstone.pattern_id), type(tombstone.seq), type(at)
        is_whole = len(entry) == len(types) and types == (str, int, int)
        return (tombstone, at) if is_whole else None
    return (tombstone, at) if checksum == _checksum(tombstone, at) else None


def write_tombstones(root: Path, buried: Sequence[tuple[Tombstone, int]]) -> None:
    """Replace the file: these are all there are."""
    content = b"".join(_line(tombstone, at) for tombstone, at in buried)
    write_files(root, {TOMBSTONES: content})


def _line(tombstone: Tombstone, at: int) -> bytes:
    entry = {
        "pattern_id": tombstone.pattern_id,
        "seq": tombstone.seq,
        "deleted_at": at,
        "crc32": _checksum(tombstone, at),
    }
    return json.dumps(entry).encode() + b"\n"


def _checksum(tombstone: Tombstone, at: int) -> int:
    """A digit more in a `seq` would bury what came after the deletion."""
    return crc32(f"{tombstone.pattern_id} {tombstone.seq} {at}".encode())
