"""Writing: W1 and W2."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks.speed.disk import syncs
from tests.benchmarks.speed.entries import Entry
from tests.benchmarks.speed.raw import RawWriting
from tests.benchmarks.speed.rounds import Samples, by_turns
from tests.benchmarks.speed.scale import Scale
from tests.benchmarks.speed.targets import DISK, RAW

CONNECTIONS = 32
BATCH_CONNECTIONS = 2
"""Enough that one batch can be read while another is written."""


def singles(entries: Sequence[Entry], work: Path, scale: Scale) -> Iterator[tuple[str, Samples]]:
    """W1: patterns a second, posted one by one over many connections, and over one.

    Beside the one connection stands what the disk bears of the folder where stores are.
    """
    alone = {DISK: partial(syncs, work, scale.seconds)}
    for key, connections, beside in (("W1 32", CONNECTIONS, {}), ("W1 1", 1, alone)):
        takes = {
            entry.name: partial(entry.post, entry.contestant.single, connections, scale.seconds)
            for entry in entries
        }
        yield key, by_turns(scale.rounds, {**takes, **beside})


def batches(
    entries: Sequence[Entry], raw: RawWriting, scale: Scale
) -> Iterator[tuple[str, Samples]]:
    """W2: patterns a second, posted in batches."""
    takes = {
        entry.name: partial(entry.post, batch, BATCH_CONNECTIONS, scale.batch_seconds)
        for entry in entries
        if (batch := entry.contestant.batch) is not None
    }
    yield "W2", by_turns(scale.rounds, {RAW: partial(raw.rate, scale.batch_seconds), **takes})
