"""How well errors are grouped, and what it costs, in microseconds of one core an error."""

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.learning.fingerprint import fingerprint_of
from tests.benchmarks.table import Benchmark, Row
from tests.pairs import pair_counts
from tests.patterns import REAL_ERRORS, real_errors
from tests.traces import labelled

_ROUNDS = 7


class _Error(NamedTuple):
    label: str
    error_type: str
    error_message: str
    stack_trace: str | None


async def run(folder: Path, patterns: int) -> AsyncIterator[Row]:
    """Group the real errors and the labelled traces of each language."""
    real = [
        _Error(
            each["context"]["metadata"]["bug"],
            each["data"]["error_type"],
            each["data"]["error_message"],
            each["data"].get("stack_trace"),
        )
        for each in real_errors()
    ]
    yield _row("real errors, Java" if REAL_ERRORS.exists() else "sample errors, Java", real)
    every = labelled()
    for language in dict.fromkeys(each.language for each in every):
        yield _row(language, [_Error(*each[1:]) for each in every if each.language == language])
    yield _row("all labelled traces", [_Error(*each[1:]) for each in every])
    for name, text in _BAD.items():
        yield _row(name, [_Error("", "Error", "", text)], "at most 50,000")


_BAD = {
    "1 MB of frames": "java.lang.Error\n" + "\tat a.b.C.d(C.java:1)\n" * 46_000,
    "10,000 frames, all different": "java.lang.Error\n"
    + "".join(f"\tat a.b.C{number:x}x.d(C.java:1)\n" for number in range(10_000)),
    "1 MB of noise": "".join(chr(33 + 7 * number % 90) for number in range(1_000_000)),
    "1 MB of spaces": " " * 1_000_000,
    "1 MB of `at `": "at " * 333_000,
}


def _row(name: str, errors: Sequence[_Error], target: str = "at most 100") -> Row:
    first, fastest = _taken(errors), min(_taken(errors) for _ in range(_ROUNDS))
    groups = [fingerprint_of(*error[1:]).group for error in errors]
    counts = pair_counts([error.label for error in errors], groups)
    return (
        name,
        f"{len(errors)}",
        *(f"{score:.3f}" for score in (counts.precision, counts.recall)),
        *(f"{counts.f_score(beta):.3f}" for beta in (1.0, 0.5)),
        *(f"{taken / len(errors) * 1e6:,.0f}" for taken in (first, fastest)),
        target,
    )


def _taken(errors: Sequence[_Error]) -> float:
    begun = time.thread_time()
    for error in errors:
        fingerprint_of(*error[1:])
    return time.thread_time() - begun


BENCHMARK = Benchmark(
    ("grouping of", "errors", "precision", "recall", "F1", "F0.5", "µs at first", "µs", "target"),
    run,
)
