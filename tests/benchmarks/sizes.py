"""What a store takes of the disk, and what of it takes how much."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.stores import allocated, place
from tests.benchmarks.table import Row, ratio, size


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes in bytes: of the whole SQLite file and its parts, of files and of their index.

    `raw` are the documents uncompressed; `documents` the same as they are kept, by backend.
    """

    patterns: int
    database: int
    parts: dict[str, int]
    files: int
    index: int
    raw: int
    documents: dict[str, int]


def measured(folder: Path) -> Sizes:
    """The sizes of the stores in a folder, which nobody has open."""
    database, root = place(folder, "sqlite"), place(folder, "filesystem")
    with closing(sqlite3.connect(database)) as connection:
        parts = dict(
            connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()
        )
        patterns, raw = connection.execute("SELECT count(*), sum(size) FROM patterns").fetchone()
        (kept,) = connection.execute(
            "SELECT (SELECT coalesce(sum(length(document)), 0) FROM documents)"
            " + (SELECT coalesce(sum(length(document)), 0) FROM cold_documents)"
            " + (SELECT coalesce(sum(length(content)), 0) FROM dictionaries)"
        ).fetchone()
    index = allocated([root / ".index"])
    in_files = sum(path.stat().st_size for path in root.glob("[0-9]*/**/*") if path.is_file())
    return Sizes(
        patterns,
        allocated([database]),
        parts,
        allocated([root]) - index,
        index,
        raw,
        {"sqlite": kept, "filesystem": in_files},
    )


def rows(before: Sizes, after: Sizes) -> Iterator[Row]:
    """Both states side by side, for one pattern each."""
    number = before.patterns
    for state, name in ((before, "uncompressed"), (after, "compressed")):
        yield (
            f"bytes on disk a pattern, {name}",
            size(state.database / number),
            f"{size(state.files / number)}, its index {size(state.index / number)}",
            "",
        )
    yield (
        "on disk, compressed to not",
        ratio(after.database, before.database),
        f"1 / {before.files / after.files:.1f}",
        "sqlite at most 0.65, files at most 1 / 20",
    )
    yield (
        "documents alone, compressed to not",
        ratio(after.documents["sqlite"], after.raw),
        ratio(after.documents["filesystem"], after.raw),
        "sqlite at most 0.25",
    )
    for name, pages in sorted(after.parts.items(), key=lambda part: -part[1]):
        if pages / number >= 1:
            yield (f"of it, compressed: {name}", size(pages / number), "", "")
