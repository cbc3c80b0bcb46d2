"""Compressing old documents, in short steps beside the other writers."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from functools import partial

import zstandard

from app.schemas.timestamps import DAY, day_of
from app.storage.base import Tally
from app.storage.index.connections import Connection, Readers
from app.storage.index.documents import DICTIONARY_BYTES
from app.storage.index.transaction import Transaction
from app.storage.index.writer import Writer

STEP = 100
"""Documents compressed in one transaction: a few milliseconds."""

_SAMPLES = 2000
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
        return await self._readers.run(partial(_candidates, before=before))

    async def run(self, before: int) -> AsyncIterator[int]:
        """Compress it all; yields after each step how many documents it took."""
        _, seqs = await self.candidates(before)
        dictionary = await self._dictionary(seqs)
        if dictionary is None:
            return
        for start in range(0, len(seqs), STEP):
            chunk = seqs[start : start + STEP]
            await self._writer.change(
                partial(Transaction.make_cold, seqs=chunk, dictionary=dictionary)
            )
            yield len(chunk)

    async def _dictionary(self, seqs: Sequence[int]) -> int | None:
        """The number of the dictionary to use: the present one, or a new one if that is better."""
        samples, present, content = await self._readers.run(partial(_samples, seqs=seqs))
        if len(samples) < _FEWEST:
            return present
        trained = await asyncio.to_thread(_trained, samples)
        if trained is None:
            return present
        if content is not None:
            now, then = await asyncio.to_thread(_sizes, samples, content, trained)
            if now <= _WORSE * then:
                return present
        return await self._writer.change(lambda transaction: transaction.add_dictionary(trained))


def _candidates(connection: Connection, before: int) -> tuple[list[Tally], list[int]]:
    numbers: Counter[tuple[int, str]] = Counter()
    sizes: Counter[tuple[int, str]] = Counter()
    seqs = []
    for seq, timestamp, pattern_type, size in connection.execute(
        "SELECT p.seq, p.timestamp, p.pattern_type, p.size"
        f" FROM documents d CROSS JOIN patterns p USING (seq) WHERE {_OLD} ORDER BY p.seq",
        {"before": before},
    ):
        seqs.append(seq)
        numbers[day_of(timestamp), pattern_type] += 1
        sizes[day_of(timestamp), pattern_type] += size
    return [Tally(*key, number, sizes[key]) for key, number in sorted(numbers.items())], seqs


def _samples(
    connection: Connection, seqs: Sequence[int]
) -> tuple[list[bytes], int | None, bytes | None]:
    """Documents from all over the candidates, and the present dictionary."""
    chosen = seqs[:: max(1, len(seqs) // _SAMPLES)]
    samples = [connection.documents.read(seq) for seq in chosen]
    newest = connection.execute(
        "SELECT number, content FROM dictionaries ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return samples, *(newest or (None, None))


def _trained(samples: Sequence[bytes]) -> bytes | None:
    size = min(DICTIONARY_BYTES, sum(map(len, samples)) // 8)
    try:
        return zstandard.train_dictionary(size, list(samples)).as_bytes()
    except zstandard.ZstdError:  # too little in common, or too little at all
        return None


def _sizes(samples: Sequence[bytes], *dictionaries: bytes) -> list[int]:
    """What the samples take under each dictionary."""
    compressors = [
        zstandard.ZstdCompressor(dict_data=zstandard.ZstdCompressionDict(content))
        for content in dictionaries
    ]
    return [sum(len(each.compress(text)) for text in samples) for each in compressors]
