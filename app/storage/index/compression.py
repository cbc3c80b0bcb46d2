"""Compressing old documents, in short steps beside the other writers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from functools import partial

import zstandard

from app.schemas.timestamps import DAY
from app.storage.base import Tally
from app.storage.index.connections import Connection
from app.storage.index.documents import DICTIONARY_BYTES
from app.storage.index.readers import Readers
from app.storage.index.reading import tallies
from app.storage.index.transaction import Transaction
from app.storage.index.writer import Writer

STEP = 100
"""Documents compressed in one transaction: a few milliseconds."""

WINDOW = 1000
"""Commit numbers that one look for old documents covers. While one thread fetches row after row,
the others hardly get a turn; and while somebody reads, the log of writes cannot be worked off."""

_SAMPLES = 2000
_SAMPLES_AT_ONCE = 200
_FEWEST = 100
"""With fewer documents a dictionary would not pay."""

_WORSE = 1.15
"""How much larger documents may get under the present dictionary before a new one is made."""

_OLD = (
    f"((p.timestamp < :before AND p.timestamp <= p.stored_at + {DAY})"
    f" OR (p.timestamp > p.stored_at + {DAY} AND p.stored_at < :before))"
)


class Compressor:
    """Moves the documents of old patterns to where they are kept compressed."""

    def __init__(self, readers: Readers, writer: Writer) -> None:
        self._readers = readers
        self._writer = writer

    async def candidates(self, before: int) -> tuple[list[Tally], Sequence[int]]:
        """What is older than a time and not compressed: tallies, and the `seq` of each."""
        seqs: list[int] = []
        patterns: Counter[tuple[int, str]] = Counter()
        sizes: Counter[tuple[int, str]] = Counter()
        first = await self._readers.run(partial(_next_hot, after=0))
        while first is not None:
            last = first + WINDOW
            found, of_these = await self._readers.run(
                partial(_candidates, before=before, first=first, last=last)
            )
            seqs += found
            for tally in of_these:
                patterns[tally.day, tally.pattern_type] += tally.patterns
                sizes[tally.day, tally.pattern_type] += tally.bytes
            first = await self._readers.run(partial(_next_hot, after=last))
        if len(seqs) < _FEWEST and not await self._readers.run(_has_dictionary):
            return [], []
        return [Tally(*key, patterns[key], sizes[key]) for key in sorted(patterns)], seqs

    async def run(self, before: int) -> AsyncIterator[int]:
        """Compress it all; yields after each step how many documents it took."""
        _, seqs = await self.candidates(before)
        if not seqs:
            return
        dictionary = await self._dictionary(seqs)
        for start in range(0, len(seqs), STEP):
            chunk = seqs[start : start + STEP]
            await self._writer.change(
                partial(Transaction.make_cold, seqs=chunk, dictionary=dictionary)
            )
            yield len(chunk)

    async def _dictionary(self, seqs: Sequence[int]) -> int:
        """The number of the dictionary to use: the present one, or a new one if that is better.

        That is tried on samples that the new one was not trained on: on its own any is better.
        """
        samples = await self._samples(seqs[:: max(1, len(seqs) // _SAMPLES)])
        present = await self._readers.run(_newest_dictionary)
        if present is not None:
            number, content = present
            if len(samples) < _FEWEST:
                return number
            trial = await asyncio.to_thread(_trained, samples[::2])
            now, then = await asyncio.to_thread(_sizes, samples[1::2], content, trial)
            if now <= _WORSE * then:
                return number
        trained = await asyncio.to_thread(_trained, samples)
        return await self._writer.change(lambda transaction: transaction.add_dictionary(trained))

    async def _samples(self, seqs: Sequence[int]) -> list[bytes]:
        """The documents of some candidates; those deleted since are passed over."""
        samples: list[bytes] = []
        for start in range(0, len(seqs), _SAMPLES_AT_ONCE):
            chosen = seqs[start : start + _SAMPLES_AT_ONCE]
            samples += await self._readers.run(partial(_hot, seqs=chosen))
        return samples


def _next_hot(connection: Connection, after: int) -> int | None:
    row = connection.execute("SELECT min(seq) FROM documents WHERE seq > ?", (after,)).fetchone()
    first: int | None = row[0]
    return first


def _candidates(
    connection: Connection, before: int, first: int, last: int
) -> tuple[list[int], list[Tally]]:
    """What is old among some numbers: the numbers, and tallies.

    Rows are not kept: of many, the collector of garbage would make a long pause.
    """
    rows = connection.execute(
        "SELECT p.seq, p.timestamp, p.pattern_type, p.size"
        " FROM documents d CROSS JOIN patterns p USING (seq)"
        f" WHERE d.seq BETWEEN :first AND :last AND {_OLD} ORDER BY p.seq",
        {"before": before, "first": first, "last": last},
    ).fetchall()
    return [row[0] for row in rows], tallies(row[1:] for row in rows)


def _has_dictionary(connection: Connection) -> bool:
    return connection.execute("SELECT 1 FROM dictionaries LIMIT 1").fetchone() is not None


def _hot(connection: Connection, seqs: Sequence[int]) -> list[bytes]:
    return connection.documents.hot(seqs)


def _newest_dictionary(connection: Connection) -> tuple[int, bytes] | None:
    """Its number and its content."""
    newest: tuple[int, bytes] | None = connection.execute(
        "SELECT number, content FROM dictionaries ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return newest


def _trained(samples: Sequence[bytes]) -> bytes:
    """A dictionary of what the samples have in common; of some of them, if that is too little."""
    size = min(DICTIONARY_BYTES, sum(map(len, samples)) // 8)
    try:
        return zstandard.train_dictionary(size, list(samples)).as_bytes()
    except zstandard.ZstdError:
        return b"".join(samples)[:size]


def _sizes(samples: Sequence[bytes], *dictionaries: bytes) -> list[int]:
    """What the samples take under each dictionary."""
    compressors = [
        zstandard.ZstdCompressor(dict_data=zstandard.ZstdCompressionDict(content))
        for content in dictionaries
    ]
    return [sum(len(each.compress(text)) for text in samples) for each in compressors]
