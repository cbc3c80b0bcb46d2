"""Patterns in any number, like those of a busy team: about 700 bytes, with ids of their own.

What differs from one pattern to the next differs here too: ids, sessions and commits are
random, times have microseconds, texts are put together from words. What repeats, repeats.
"""

import uuid
from collections.abc import Iterator
from random import Random
from typing import Any

from app.schemas.timestamps import DAY, format_timestamp, parse_timestamp

END = parse_timestamp("2026-01-15T12:00:00Z")
"""When the newest of them happened."""

PROJECTS = ("checkout", "catalogue", "search-api", "mobile", "billing", "warehouse", "website")
AGENTS = ("developer", "reviewer", "tester", "architect", "debugger", "documenter")
TASKS = ("implementation", "review", "refactoring", "bugfix", "test_generation", "migration")
ERRORS = ("TypeError", "KeyError", "AssertionError", "TimeoutError", "ImportError", "ValueError")
TOOLS = ("Read", "Write", "Edit", "Bash", "Grep", "Glob", "WebFetch")
TAGS = ("backend", "frontend", "urgent", "flaky", "nightly", "python", "typescript", "database")
# fmt: off
WORDS = (
    "the", "cart", "total", "is", "rounded", "before", "tax", "was", "added", "and", "so",
    "fee", "order", "item", "price", "list", "parser", "returns", "none", "when", "header",
    "missing", "connection", "closed", "while", "reading", "body", "retry", "after", "commit",
    "index", "out", "of", "range", "in", "page", "cursor", "token", "expired", "user",
    "session", "cache", "key", "collision", "lock", "held", "by", "worker", "process",
    "migration", "adds", "column", "nullable", "default", "timezone", "naive", "datetime",
    "compared",
)
# fmt: on


def generated(
    number: int, *, days: int = 90, users: int = 40, seed: int = 0, end: int = END
) -> Iterator[dict[str, Any]]:
    """So many patterns, oldest first, spread over the days before `end`; the same every time."""
    random = Random(seed)
    sessions = [str(uuid.UUID(int=random.getrandbits(128))) for _ in range(number // 40 + 1)]
    for place in range(number):
        timestamp = end - (number - place) * days * DAY // number + random.randrange(10_000_000)
        pattern_type = random.choices(tuple(_DATA), (30, 25, 35, 10))[0]
        yield {
            "pattern_id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
            "pattern_type": pattern_type,
            "timestamp": format_timestamp(timestamp),
            "data": _DATA[pattern_type](random),
            "context": {
                "project_name": random.choice(PROJECTS),
                "session_id": sessions[place // 40],
                "user_id": f"user-{random.randrange(users):03}",
                "environment": random.choice(("development", "development", "staging")),
                "git_branch": f"feature/{random.choice(WORDS)}-{random.choice(WORDS)}",
                "git_commit": f"{random.getrandbits(160):040x}",
                "tags": random.sample(TAGS, random.randint(1, 3)),
                "metadata": {"host": f"runner-{random.randrange(20):02}", "attempt": 1},
            },
            "version": "1.0",
        }


def _text(random: Random, words: int) -> str:
    return " ".join(random.choices(WORDS, k=words))


def _task_completion(random: Random) -> dict[str, Any]:
    return {
        "task_type": random.choice(TASKS),
        "agent": random.choice(AGENTS),
        "duration_ms": random.randrange(500, 900_000),
        "success": random.random() < 0.85,
        "files_created": random.randrange(6),
        "files_modified": random.randrange(20),
        "tests_passed": random.randrange(300),
        "tests_failed": random.randrange(3),
        "lines_of_code": random.randrange(900),
        "coverage_percent": round(random.uniform(40, 99), 1),
        "error_message": None,
        "retry_count": random.randrange(3),
    }


def _error_occurrence(random: Random) -> dict[str, Any]:
    line = random.randrange(1, 900)
    file = f"src/{random.choice(PROJECTS)}/{random.choice(WORDS)}.py"
    function = f"{random.choice(WORDS)}_{random.choice(WORDS)}"
    return {
        "error_type": random.choice(ERRORS),
        "error_message": _text(random, 8),
        "stack_trace": f'Traceback (most recent call last):\n  File "{file}", line {line},'
        f" in {function}\n    {_text(random, 5)}",
        "file_path": file,
        "line_number": line,
        "function_name": function,
        "resolution": _text(random, 10) if random.random() < 0.4 else None,
    }


def _agent_usage(random: Random) -> dict[str, Any]:
    return {
        "agent_type": random.choice(AGENTS),
        "task_type": random.choice(TASKS),
        "success": random.random() < 0.9,
        "duration_ms": random.randrange(500, 900_000),
        "retry_count": random.randrange(3),
        "tools_used": random.sample(TOOLS, random.randint(1, 5)),
        "files_accessed": random.randrange(60),
        "api_calls": random.randrange(30),
        "tokens_used": random.randrange(500, 200_000),
        "memory_mb": round(random.uniform(50, 900), 1),
        "parallel_tasks": random.randrange(4),
    }


def _user_correction(random: Random) -> dict[str, Any]:
    return {
        "original_output": _text(random, 12),
        "corrected_output": _text(random, 12),
        "correction_type": random.choice(("correctness", "style", "naming", "scope")),
        "agent": random.choice(AGENTS),
        "task_type": random.choice(TASKS),
        "severity": random.choice(("minor", "moderate", "critical")),
        "user_feedback": _text(random, 6),
    }


_DATA = {
    "task_completion": _task_completion,
    "error_occurrence": _error_occurrence,
    "agent_usage": _agent_usage,
    "user_correction": _user_correction,
}
