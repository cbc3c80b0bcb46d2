"""How well, and how soon, outputs are told that repeat a corrected mistake."""

import random
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from app.learning.corrections.hunks import hunks_of, packed
from app.learning.corrections.index import Correction, CorrectionIndex
from tests.benchmarks.table import Benchmark, Row, milliseconds
from tests.corrections import LABELLED, UNRELATED, others, within

_MOST = 20_000
_MEGABYTE = 1 << 20


class Quality(NamedTuple):
    """Shares of what was asked."""

    first: float
    among_three: float
    look_alikes: float
    unrelated: float


async def run(folder: Path, patterns: int) -> AsyncIterator[Row]:
    """Measure with the labelled corrections alone, and among so many others, at most 20,000."""
    index = CorrectionIndex()
    _add(index, 0, ((each.original, each.corrected) for each in LABELLED))
    alone = quality(index)
    further = list(others(min(patterns, _MOST)))
    begun = time.thread_time()
    _add(index, len(LABELLED), further)
    taken = time.thread_time() - begun
    among = quality(index)
    for name, few, many, target in zip(_ROWS, alone, among, _TARGETS, strict=True):
        yield name, f"{few:.3f}", f"{many:.3f}", target
    yield "to learn one", "", milliseconds(taken / len(further)), ""
    repeats = [output for each in LABELLED for output in each.repeats]
    noise = random.Random(1).randbytes(_MEGABYTE).decode("latin-1")
    for name, outputs in (
        ("a search for a short output: middle, one in 100", repeats),
        ("for one of 20 kB", [within(output, 20_000) for output in repeats[::5]]),
        ("for one of 1 MB", [within(output, _MEGABYTE) for output in repeats[::50]]),
        ("for 1 MB of noise", [noise] * 5),
    ):
        yield name, "", ", ".join(map(milliseconds, _times(index, outputs))), "at most 50 ms"


_ROWS = (
    "repeated mistakes told first",
    "among the first three",
    "look-alikes taken for it",
    "unrelated outputs answered",
)
_TARGETS = ("at least 0.77", "at least 0.80", "at most 0.10", "at most 0.06")


def quality(index: CorrectionIndex) -> Quality:
    """What an index answers that holds each labelled correction under its place."""

    def share(answers: Iterable[bool]) -> float:
        each = list(answers)
        return sum(each) / len(each)

    def found(output: str) -> list[int]:
        return [repeated.correction.seq for repeated in index.search(output)]

    told = [(place, found(o)) for place, each in enumerate(LABELLED) for o in each.repeats]
    return Quality(
        share(seqs[:1] == [place] for place, seqs in told),
        share(place in seqs[:3] for place, seqs in told),
        share(place in found(o) for place, each in enumerate(LABELLED) for o in each.look_alikes),
        share(bool(found(output)) for output in UNRELATED),
    )


def _add(index: CorrectionIndex, first: int, texts: Iterable[tuple[str, str]]) -> None:
    for seq, (original, corrected) in enumerate(texts, first):
        hunks = packed(hunks_of(original, corrected), "style", None)
        index.add(
            Correction(seq, f"pattern-{seq}", seq, "", "developer", None, "style", None, hunks)
        )


def _times(index: CorrectionIndex, outputs: Sequence[str]) -> tuple[float, float]:
    """Seconds of a core that searches take: the middle one, and what 1 in 100 exceeds."""
    times = []
    for output in outputs:
        begun = time.thread_time()
        index.search(output)
        times.append(time.thread_time() - begun)
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100]


BENCHMARK = Benchmark(("measured", "116 corrections", "and so many others", "target"), run)
