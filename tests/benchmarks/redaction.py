"""What it costs to look for secrets, in microseconds of one core a pattern."""

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from app.metrics import Metrics
from app.service.redaction import Redaction
from tests.benchmarks.table import Benchmark, Row
from tests.generated import generated
from tests.patterns import pattern, real_errors
from tests.secrets import WITH_SECRETS

_ROUNDS = 7


async def run(folder: Path, patterns: int) -> AsyncIterator[Row]:
    """Redact patterns without secrets, and some with."""
    leaking = [
        pattern("error_occurrence", data={"error_message": example.text})
        for example in WITH_SECRETS
    ]
    yield _row("generated patterns", [*generated(patterns)], "at most 5.0")
    yield _row("real errors with stack traces and diffs", real_errors(), "")
    yield _row("small errors, each with a secret", leaking, "")


def _row(name: str, posted: Sequence[dict[str, Any]], target: str) -> Row:
    redaction = Redaction(Metrics())
    taken = min(_taken(redaction, posted) for _ in range(_ROUNDS))
    return name, f"{taken / len(posted) * 1e6:.1f}", target


def _taken(redaction: Redaction, posted: Sequence[dict[str, Any]]) -> float:
    begun = time.perf_counter()
    for each in posted:
        redaction(each)
    return time.perf_counter() - begun


BENCHMARK = Benchmark(("redaction of", "µs a pattern", "target"), run)
