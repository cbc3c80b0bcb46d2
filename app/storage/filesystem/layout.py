"""Where things are in a tree of files, and what they are called.

store.json                     the store's id, and how far `seq` is reserved
tombstones.ndjson              deletions, one a line
decisions.ndjson               what was decided about errors, one a line
2025/11/29/<type>_<YYYYMMDD_HHMMSS>_<id>.json
2025/11/29/archive.ndjson.gz   the patterns of an old day
quarantine/                    what could not be read
.index/                        the index, which can be built anew from all the rest
"""

import os
from datetime import timedelta
from pathlib import Path, PurePosixPath

from app.schemas.timestamps import EPOCH

STORE = "store.json"
TOMBSTONES = "tombstones.ndjson"
DECISIONS = "decisions.ndjson"
ARCHIVE = "archive.ndjson.gz"
QUARANTINE = "quarantine"
INDEX = ".index"
TEMPORARY = ".new-"
"""How the names of files begin that are not finished."""

_KEPT_OUT = frozenset({STORE, TOMBSTONES})


def folder_of(timestamp: int) -> str:
    """The folder of a day, relative to the store: `YYYY/MM/DD`."""
    moment = EPOCH + timedelta(microseconds=timestamp)
    return f"{moment.year:04}/{moment.month:02}/{moment.day:02}"


def path_of(pattern_id: str, pattern_type: str, timestamp: int) -> str:
    """Where a pattern's file belongs, relative to the store."""
    moment = EPOCH + timedelta(microseconds=timestamp)
    day, time = f"{moment.year:04}{moment:%m%d}", f"{moment:%H%M%S}"
    return f"{folder_of(timestamp)}/{pattern_type}_{day}_{time}_{pattern_id}.json"


def is_pattern_file(path: str) -> bool:
    """Whether a file may hold one pattern: `.json`, or `.json.gz` as other tools leave it."""
    name = PurePosixPath(path).name
    return name.endswith((".json", ".json.gz")) and path not in _KEPT_OUT and name[0] != "."


def is_archive(path: str) -> bool:
    """Whether a file may hold many."""
    return PurePosixPath(path).name == ARCHIVE


def is_utf8(name: str) -> bool:
    """Whether a name of the file system is text; Python spells any other with surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def subfolders(root: Path) -> list[str]:
    """The folders that may hold patterns, relative to the store, the store itself as `.`.

    Links are not followed, so that none can lead in a circle or out of the store.
    """
    found = ["."]
    for folder in found:
        try:
            entries = [*os.scandir(root / folder)]
        except FileNotFoundError:  # it has gone meanwhile
            continue
        found += sorted(
            str(PurePosixPath(folder) / entry.name)
            for entry in entries
            if entry.is_dir(follow_symlinks=False)
            and is_utf8(entry.name)
            and not _is_private(folder, entry.name)
        )
    return found


def _is_private(folder: str, name: str) -> bool:
    return name.startswith(".") or (folder == "." and name == QUARANTINE)
