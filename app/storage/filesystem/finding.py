"""Reading the files of a store: what they hold, and what is wrong with them."""

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import InvalidRequest, PatternStoreError
from app.schemas.identifiers import derived_id
from app.schemas.json_text import read_json
from app.schemas.records import Record, provenance_of, record_again, record_of
from app.schemas.validation import check_pattern
from app.storage.filesystem.archives import members_of
from app.storage.filesystem.files import Look, look_of
from app.storage.filesystem.layout import is_archive, is_pattern_file, is_utf8


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file as it was read: the patterns in it, and what is wrong, if anything.

    A file that is not `readable` could not be read at all just now; whether it is damaged,
    nobody knows.
    """

    path: str
    look: Look
    records: list[Record]
    problem: str | None = None
    readable: bool = True


def list_folder(root: Path, folder: str) -> dict[str, Look]:
    """The files of a folder that may hold patterns, by their paths, and how they look."""
    found = {}
    try:
        entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    for entry in entries:
        path = entry.name if folder == "." else f"{folder}/{entry.name}"
        may_hold = is_pattern_file(path) or is_archive(path)
        if may_hold and is_utf8(path) and entry.is_file(follow_symlinks=False):
            try:
                found[path] = look_of(entry.stat(follow_symlinks=False))
            except FileNotFoundError:
                continue
    return found


def strange_names(root: Path, folder: str) -> list[str]:
    """What in a folder has a name that no text can spell; it is passed over."""
    try:
        names = os.listdir(root / folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    strange = sorted(f"{folder}/{name}" for name in names if not is_utf8(name))
    return [os.fsencode(path).decode(errors="backslashreplace") for path in strange]


def read_found(root: Path, path: str, look: Look) -> FoundFile:
    """Read a file; what cannot be read of it is its problem."""
    latest: dict[str, Record] = {}
    problems = []
    try:
        for text in _texts(root / path):
            if isinstance(text, ValueError):
                problems.append(f"cannot be read: {text}")
                continue
            try:
                record = _record(text, path, look)
            except PatternStoreError as error:
                problems.append(_explained(error))
                continue
            if _is_later(record, latest.get(record.pattern_id)):
                latest[record.pattern_id] = record
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        problems.append(f"cannot be read: {error}")
    except OSError as error:
        return FoundFile(path, look, [], f"cannot be read: {error}", readable=False)
    return FoundFile(path, look, [*latest.values()], "; ".join(problems[:3]) or None)


def _texts(path: Path) -> Iterator[bytes | ValueError]:
    if is_archive(path.name):
        for member in members_of(path):
            yield from member.lines
            if member.problem is not None:
                yield ValueError(member.problem)
    elif path.name.endswith(".gz"):
        yield gzip.decompress(path.read_bytes())
    else:
        yield path.read_bytes()


def _record(text: bytes, path: str, look: Look) -> Record:
    """The record of a pattern in a file; one that no store has numbered came when it was made.

    An id is derived where it has none, so that the same file found again is the same pattern.
    """
    pattern = check_pattern(read_json(text))
    pattern_id = pattern.get("pattern_id") or derived_id(f"{path}\n{text!r}")
    stored = provenance_of(pattern.get("stored"))
    if stored is not None:
        return record_again(pattern, pattern_id, stored)
    return record_of(pattern, pattern_id=pattern_id, at=look.changed_at // 1000)


def _is_later(record: Record, other: Record | None) -> bool:
    if other is None or other.preserved is None:
        return other is None
    return record.preserved is not None and record.preserved.is_later_than(other.preserved)


def _explained(error: PatternStoreError) -> str:
    if not isinstance(error, InvalidRequest):
        return f"cannot be read: {error}"
    details = "; ".join(f"{field.location}: {field.detail}" for field in error.errors)
    return f"holds no valid pattern: {details}"
