"""Patterns from somewhere into a store, and from a store into files of JSON lines."""

import gzip
import io
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import BinaryIO, Protocol, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from app.errors import BodyTooLarge, InvalidRequest, MalformedRequest, PatternStoreError
from app.service import PatternService
from app.service.batch import Batch, BatchReport, OnConflict
from app.service.export import export_lines
from app.storage.base import Changes

STEP = 250
"""Patterns taken between two reports of progress."""


class Source(Protocol):
    """Where the patterns of an import come from: JSON texts, or what made one unreadable."""

    @property
    def total(self) -> int | None:
        """How many there are, where that is known beforehand."""
        ...

    def __iter__(self) -> Iterator[bytes | PatternStoreError]: ...

    def place(self, index: int) -> str:
        """Where an item that has been given was found, counted from 0."""
        ...


class Lines:
    """A file's lines that are not blank; one beyond the limit is a BodyTooLarge in its place.

    A name that ends in `.gz` or `.zst` says how the file is compressed. Raises MalformedRequest
    where it is not, or breaks off.
    """

    total = None

    def __init__(self, file: BinaryIO, name: str, limit: int) -> None:
        plain = file
        if name.endswith(".gz"):
            plain = cast(BinaryIO, gzip.GzipFile(fileobj=file))
        elif name.endswith(".zst"):
            plain = cast(BinaryIO, zstd.ZstdFile(file))
        self._reader = io.BufferedReader(cast(io.RawIOBase, plain))
        self._name = name
        self._limit = limit

    def __iter__(self) -> Iterator[bytes | PatternStoreError]:
        reader, limit = self._reader, self._limit
        try:
            while line := reader.readline(limit + 2):
                if len(line.rstrip(b"\r\n")) > limit:
                    while line and not line.endswith(b"\n"):
                        line = reader.readline(limit)
                    yield BodyTooLarge(f"A pattern may have {limit} bytes; this one has more.")
                elif line.strip():
                    yield line
        except (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError) as error:
            raise MalformedRequest(f"{self._name} cannot be decompressed: {error}") from error
        finally:
            reader.detach()  # the file is the caller's to close

    def place(self, index: int) -> str:
        return f"line {index + 1} (blank ones apart)"


async def import_from(
    service: PatternService,
    source: Source,
    *,
    on_conflict: OnConflict,
    preserve: bool,
    on_progress: Callable[[int], None],
) -> BatchReport:
    """Store the patterns of a source; `on_progress` hears how many have been read.

    Where the source breaks off with an error, those before it are stored.
    """
    batch = Batch(service, on_conflict=on_conflict, preserve=preserve)
    group: list[bytes | PatternStoreError] = []
    try:
        for text in source:
            group.append(text)
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
    file: BinaryIO, steps: AsyncIterator[Changes], on_progress: Callable[[int], None]
) -> None:
    """Write all patterns; `on_progress` hears how many have been written."""
    written = 0
    async for step in steps:
        file.write(export_lines(step))
        written += len(step.changes)
        on_progress(written)


def explained(error: PatternStoreError) -> str:
    """An error with all it says about single fields, in one line."""
    fields = error.errors if isinstance(error, InvalidRequest) else ()
    said = "; ".join(f"{field.location or 'the whole'}: {field.detail}" for field in fields)
    return said or str(error)
