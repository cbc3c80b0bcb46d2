"""Holding every file against the index, and changing nothing."""

from pathlib import Path

from app.schemas.records import Record
from app.storage.base import Finding
from app.storage.filesystem.finding import FoundFile, list_folder, read_found
from app.storage.filesystem.layout import is_archive
from app.storage.index.connections import Connection
from app.storage.index.reading import get


def verify_folder(connection: Connection, root: Path, folder: str) -> list[Finding]:
    """What is wrong with the files of one folder, each read whole."""
    findings: list[Finding] = []
    looks = list_folder(root, folder)
    for path, look in looks.items():
        file = read_found(root, path, look)
        if file.problem is not None:
            findings.append(Finding(path, file.problem))
        for record in file.records:
            findings += _verify(connection, file, record)
    for (path,) in connection.execute(
        "SELECT DISTINCT path FROM files WHERE folder = ?", (folder,)
    ):
        if path not in looks:
            findings.append(Finding(path, "is gone; a rescan deletes its patterns"))
    return findings


def _verify(connection: Connection, file: FoundFile, record: Record) -> list[Finding]:
    current = get(connection, record.pattern_id)
    if current is not None and record.preserved == current.stored:
        (place,) = connection.execute(
            "SELECT path FROM files WHERE seq = ?", (current.stored.seq,)
        ).fetchone() or (None,)
        if record.document != current.document:
            return [Finding(file.path, "differs from the index; a rescan takes it up")]
        if place == file.path or is_archive(file.path):
            return []
        return [Finding(file.path, f"a twin of {place}")]
    if is_archive(file.path):
        return []  # superseded or deleted; the next packing drops it
    if current is None:
        return [Finding(file.path, "is not in the index; a rescan takes it up")]
    return [Finding(file.path, f"another state of {record.pattern_id} than the one that counts")]
