"""Patterns between a store and files of JSON lines."""

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from app.errors import BodyTooLarge, InvalidRequest, MalformedRequest, PatternStoreError
from app.schemas.filters import Filters
from app.service import PatternService
from app.service.batch import Batch, BatchReport, OnConflict
from app.service.export import export_lines

STEP = 250
"""Lines taken between two reports of progress."""


def lines_of(file: BinaryIO, name: str, limit: int) -> Iterator[bytes | BodyTooLarge]:
    """A file's lines that are not blank; one beyond the limit is a BodyTooLarge in its place.

    A name that ends in `.gz` or `.zst` says how the file is compressed. Raises MalformedRequest
    where it is not, or breaks off.
    """
    plain = file
    if name.endswith(".gz"):
        plain = cast(BinaryIO, gzip.GzipFile(fileobj=file))
    elif name.endswith(".zst"):
        plain = cast(BinaryIO, zstd.ZstdFile(file))
    reader = io.BufferedReader(cast(io.RawIOBase, plain))
    try:
        while line := reader.readline(limit + 2):
            if len(line.rstrip(b"\r\n")) > limit:
                while line and not line.endswith(b"\n"):
                    line = reader.readline(limit)
                yield BodyTooLarge(f"A pattern may have {limit} bytes; this one has more.")
            elif line.strip():
                yield line
    except (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError) as error:
        raise MalformedRequest(f"{name} cannot be decompressed: {error}") from error
    finally:
        reader.detach()  # the file is the caller's to close


async def import_lines(
    service: PatternService,
    lines: Iterator[bytes | BodyTooLarge],
    *,
    on_conflict: OnConflict,
    preserve: bool,
    on_progress: Callable[[int], None],
) -> BatchReport:
    """Store the patterns of some lines; `on_progress` hears how many have been read.

    Where the lines break off with an error, those before it are stored.
    """
    batch = Batch(service, on_conflict=on_conflict, preserve=preserve)
    group: list[bytes | BodyTooLarge] = []
    try:
        for line in lines:
            group.append(line)
            if len(group) == STEP:
                await batch.add(group)
                group = []
                on_progress(batch.report.received)
    finally:
        await batch.add(group)
        await batch.finish()
    on_progress(batch.report.received)
    return batch.report


async def export_lines_to(
    service: PatternService,
    file: BinaryIO,
    *,
    after_seq: int,
    deletes: bool,
    on_progress: Callable[[int], None],
) -> None:
    """Write all patterns; `on_progress` hears how many have been written."""
    written = 0
    async for step in service.export(Filters(), after_seq=after_seq, deletes=deletes):
        file.write(export_lines(step))
        written += len(step.changes)
        on_progress(written)


def explained(error: PatternStoreError) -> str:
    """An error with all it says about single fields, in one line."""
    fields = error.errors if isinstance(error, InvalidRequest) else ()
    said = "; ".join(f"{field.location or 'the whole'}: {field.detail}" for field in fields)
    return said or str(error)
