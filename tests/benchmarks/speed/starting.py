"""Cold starts, and memory at rest."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.speed.contestants import Contestant
from tests.benchmarks.speed.entries import entered
from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.rounds import Samples
from tests.benchmarks.speed.scale import Scale

_REST_SECONDS = 0.5
_MEGABYTE = 1e6


def starts(
    contestants: Sequence[Contestant], kept: KeptStores, work: Path, scale: Scale
) -> Iterator[tuple[str, Samples]]:
    """Seconds to the first answer, and megabytes soon after it; one server at a time."""
    seconds: Samples = {contestant.name: [] for contestant in contestants}
    memory: Samples = {contestant.name: [] for contestant in contestants}
    empty: Samples = {contestant.name: [] for contestant in contestants if contestant.begins_empty}
    for _ in range(scale.rounds):
        for contestant in contestants:
            with entered(contestant, kept, scale.few, work=work) as entry:
                entry.wait()
                time.sleep(_REST_SECONDS)
                seconds[entry.name].append(entry.server.started_in)
                memory[entry.name].append(entry.server.memory() / _MEGABYTE)
            if contestant.begins_empty:
                with entered(contestant, kept, None, work=work) as entry:
                    entry.wait()
                    time.sleep(_REST_SECONDS)
                    empty[entry.name].append(entry.server.memory() / _MEGABYTE)
    yield "start", seconds
    yield "memory", memory
    yield "memory empty", empty
