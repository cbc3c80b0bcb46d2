"""Reading the files of a store: what they hold, and what is wrong with them."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import InvalidRequest, PatternStoreError
from app.schemas.identifiers import new_id
from app.schemas.json_text import read_json
from app.schemas.records import Record, provenance_of, record_of
from app.schemas.validation import check_pattern
from app.storage.filesystem.archives import members_of
from app.storage.filesystem.layout import is_archive, is_pattern_file
from app.storage.filesystem.mirror import Look, look_at


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as it was read: the patterns in it, and what is wrong, if anything."""

    path: str
    look: Look
    records: list[Record]
    problem: str | None = None


def list_folder(root: Path, folder: str) -> dict[str, Look]:
    """The files of a folder that may hold patterns, by their paths, and how they look."""
    found = {}
    for entry in (root / folder).iterdir():
        path = entry.name if folder == "." else f"{folder}/{entry.name}"
        if entry.is_symlink() or not (is_pattern_file(path) or is_archive(path)):
            continue
        if (look := look_at(entry)) is not None:
            found[path] = look
    return found


def read_found(root: Path, path: str, look: Look) -> FoundFile:
    """Read a file; what cannot be read is its problem."""
    records: list[Record] = []
    try:
        for text in _texts(root / path):
            records.append(_record(text, look))
    except InvalidRequest as error:
        details = "; ".join(f"{field.location}: {field.detail}" for field in error.errors)
        return FoundFile(path, look, records, f"holds no valid pattern: {details}")
    except (PatternStoreError, ValueError, OSError, EOFError, zlib.error) as error:
        return FoundFile(path, look, records, f"cannot be read: {error}")
    return FoundFile(path, look, records)


def _texts(path: Path) -> Iterator[bytes]:
    if is_archive(path.name):
        for _, lines in members_of(path):
            yield from lines
    elif path.name.endswith(".gz"):
        yield gzip.decompress(path.read_bytes())
    else:
        yield path.read_bytes()


def _record(text: bytes, look: Look) -> Record:
    """The record of a pattern in a file; one that no store has numbered came when it was made."""
    pattern = check_pattern(read_json(text))
    stored = provenance_of(pattern.get("stored"))
    return record_of(
        pattern,
        pattern_id=pattern.get("pattern_id") or new_id(),
        at=look.changed_at // 1000 if stored is None else stored.at,
        preserved=stored,
    )
