"""One real-looking pattern of each type, for the API's documentation."""

from typing import Any

from app.schemas.fields import PatternType

CONTEXT = {
    "project_name": "checkout",
    "session_id": "session-42",
    "environment": "development",
    "git_branch": "main",
    "tags": ["backend", "payments"],
    "metadata": {"ticket": "PAY-123"},
}

DATA: dict[PatternType, dict[str, Any]] = {
    PatternType.TASK_COMPLETION: {
        "task_type": "implementation",
        "agent": "code-developer",
        "duration_ms": 2500,
        "success": True,
        "files_modified": 3,
        "tests_passed": 12,
        "coverage_percent": 91.5,
    },
    PatternType.ERROR_OCCURRENCE: {
        "error_type": "TypeError",
        "error_message": "unsupported operand type(s) for +: 'int' and 'str'",
        "stack_trace": 'File "cart.py", line 42, in total\n    return amount + fee',
        "file_path": "cart.py",
        "line_number": 42,
        "function_name": "total",
        "resolution": "Convert the fee to an int when the cart is read.",
    },
    PatternType.AGENT_USAGE: {
        "agent_type": "reviewer",
        "task_type": "code-review",
        "success": True,
        "duration_ms": 18250,
        "tools_used": ["read", "grep"],
        "tokens_used": 5210,
    },
    PatternType.USER_CORRECTION: {
        "original_output": "Use a float for the price.",
        "corrected_output": "Use Decimal for the price.",
        "correction_type": "correctness",
        "agent": "code-developer",
        "user_feedback": "Never floats for money.",
        "severity": "critical",
    },
}

EXAMPLES: dict[PatternType, dict[str, Any]] = {
    pattern_type: {
        "pattern_id": f"pat-20251129-100000-{number:03}",
        "pattern_type": str(pattern_type),
        "timestamp": "2025-11-29T10:00:00Z",
        "data": data,
        "context": CONTEXT,
        "version": "1.0",
    }
    for number, (pattern_type, data) in enumerate(DATA.items(), start=1)
}

CURSOR = "WyI3YjFkMDk3ZTRhM2MiLCAxNzY0NDEwNDAwMDAwMDAwLCAicGF0LTIwMjUxMTI5LTEwMDAwMC0wMDEiXQ"


def stored_example(pattern_type: PatternType) -> dict[str, Any]:
    """The same pattern as it comes back."""
    seq = 1 + list(PatternType).index(pattern_type)
    return EXAMPLES[pattern_type] | {
        "timestamp": "2025-11-29T10:00:00.000000Z",
        "stored": {"at": "2025-11-29T10:00:00.251000Z", "seq": seq, "revision": 1},
    }
