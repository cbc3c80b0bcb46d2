"""Holding every file against the index, and changing nothing."""

from pathlib import Path

from app.errors import DamagedStore, StoreNotOpened
from app.schemas.json_text import same_json
from app.schemas.records import Record
from app.storage.base import Finding
from app.storage.filesystem import files
from app.storage.filesystem.finding import FoundFile, list_folder, read_found, strange_names
from app.storage.filesystem.layout import STORE, TOMBSTONES, is_archive
from app.storage.filesystem.store_file import read_store_file
from app.storage.filesystem.tombstones import read_tombstones, unreadable_lines
from app.storage.index.connections import Connection
from app.storage.index.reading import get


def verify_store_file(root: Path) -> list[Finding]:
    """What is wrong with `store.json`."""
    if not (root / STORE).exists():
        return [Finding(STORE, "is gone; pattern-store check --repair makes it anew")]
    try:
        read_store_file(root)
    except (DamagedStore, StoreNotOpened) as error:
        return [Finding(STORE, str(error))]
    return []


def verify_tombstones(connection: Connection, root: Path) -> list[Finding]:
    """What is wrong with `tombstones.ndjson`."""
    known = {seq for (seq,) in connection.execute("SELECT seq FROM tombstones")}
    findings = []
    if number := unreadable_lines(root):
        findings.append(Finding(TOMBSTONES, f"{number} of its lines cannot be read"))
    if known - {tombstone.seq for tombstone, _ in read_tombstones(root)}:
        findings.append(Finding(TOMBSTONES, "lacks deletions that the index knows"))
    return findings


def verify_folder(connection: Connection, root: Path, folder: str) -> list[Finding]:
    """What is wrong with the files of one folder, each read whole."""
    findings = [
        Finding(name, "its name is not UTF-8; rename it") for name in strange_names(root, folder)
    ]
    looks = list_folder(root, folder)
    for path, look in looks.items():
        file = read_found(root, path, look)
        if file.problem is not None:
            findings.append(Finding(path, file.problem))
        for record in file.records:
            findings += _verify(connection, file, record)
    findings += [
        Finding(path, "is gone; a rescan deletes its patterns")
        for path in files.known_looks(connection, folder)
        if path not in looks
    ]
    return findings


def _verify(connection: Connection, file: FoundFile, record: Record) -> list[Finding]:
    try:
        current = get(connection, record.pattern_id)
    except DamagedStore:
        return []  # the index's own check tells
    if current is not None and record.preserved == current.stored:
        place, _ = files.place_of(connection, current.stored.seq)
        if not same_json(record.content(), current.content()):
            return [Finding(file.path, "differs from the index; a rescan takes it up")]
        if place == file.path or is_archive(file.path):
            return []
        return [Finding(file.path, f"a copy of {place}, which counts")]
    if is_archive(file.path):
        return []  # superseded or deleted; the next packing drops it
    if current is None:
        return [Finding(file.path, "is not in the index; a rescan takes it up")]
    return [Finding(file.path, f"another state of {record.pattern_id} than the one that counts")]
