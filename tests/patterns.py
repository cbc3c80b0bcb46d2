"""Patterns to test with: small valid ones, and the real errors."""

import gzip
import json
from pathlib import Path
from typing import Any

REAL_ERRORS = Path(__file__).parents[2] / "shared" / "data" / "errors.ndjson.gz"
"""679 real errors, where the checkout has them beside it."""

SAMPLE_ERRORS = Path(__file__).parent / "errors.ndjson.gz"
"""40 invented ones of the same shape, always there."""

DATA: dict[str, dict[str, Any]] = {
    "task_completion": {
        "task_type": "implementation",
        "agent": "developer",
        "duration_ms": 2500,
        "success": True,
    },
    "error_occurrence": {"error_type": "TypeError", "error_message": "cannot add int and str"},
    "agent_usage": {
        "agent_type": "reviewer",
        "task_type": "review",
        "success": True,
        "duration_ms": 18_250,
    },
    "user_correction": {
        "original_output": "use a float",
        "corrected_output": "use Decimal",
        "correction_type": "correctness",
        "agent": "developer",
    },
}
"""The least valid `data` of each type."""


def pattern(pattern_type: str = "task_completion", /, **members: Any) -> dict[str, Any]:
    """A valid pattern; `data` and `context` are merged into the least there must be."""
    data = DATA[pattern_type] | members.pop("data", {})
    return {"pattern_type": pattern_type, "data": data, **members}


def ndjson(patterns: list[dict[str, Any]]) -> bytes:
    """Patterns as JSON lines."""
    return b"".join(json.dumps(pattern).encode() + b"\n" for pattern in patterns)


def errors_in(path: Path) -> list[dict[str, Any]]:
    """The patterns of a gzipped file of JSON lines."""
    with gzip.open(path) as lines:
        return [json.loads(line) for line in lines]


def real_errors() -> list[dict[str, Any]]:
    """The real errors, or the committed sample where they are not there."""
    return errors_in(REAL_ERRORS if REAL_ERRORS.exists() else SAMPLE_ERRORS)
