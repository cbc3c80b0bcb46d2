"""Whether ingest slows down as a store grows."""

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.speed.contestants import Service
from tests.benchmarks.speed.entries import entered
from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.rounds import Samples
from tests.benchmarks.speed.scale import Scale
from tests.benchmarks.speed.targets import FEW, MANY
from tests.benchmarks.speed.writing import BATCH_CONNECTIONS, CONNECTIONS

_LONGEST = 2.0
"""Seconds that a small store is written to at most: it is to stay small."""


def ingest(kept: KeptStores, work: Path, scale: Scale) -> Iterator[tuple[str, Samples]]:
    """Patterns a second, into a large store and into a small one, which each round has anew."""
    single: Samples = {FEW: [], MANY: []}
    batch: Samples = {FEW: [], MANY: []}
    with entered(Service(), kept, scale.patterns, work=work) as large:
        large.wait()
        for _ in range(scale.rounds):
            with entered(Service(), kept, scale.few, work=work) as small:
                small.wait()
                both = ((FEW, small), (MANY, large))
                for name, entry in both:
                    seconds = min(scale.seconds, _LONGEST)
                    single[name].append(entry.post(Service.single, CONNECTIONS, seconds))
                for name, entry in both:
                    seconds = min(scale.batch_seconds, _LONGEST)
                    batch[name].append(entry.post(Service.batch, BATCH_CONNECTIONS, seconds))
    yield "ingest single", single
    yield "ingest batch", batch
