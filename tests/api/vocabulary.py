"""The vocabulary as the design's table has it: the oracle of the tests of strictness."""

from dataclasses import dataclass
from typing import Any

_TABLE = {
    "task_completion": """
        **task_type** str
        **agent** str
        **duration_ms** int
        **success** bool
        files_created int
        files_modified int
        tests_passed int
        tests_failed int
        lines_of_code int
        coverage_percent float? 0-100
        error_message str?
        retry_count int
    """,
    "error_occurrence": """
        **error_type** str
        **error_message** str
        stack_trace str
        file_path str
        line_number int
        function_name str?
        resolution str?
        resolution_time_ms int?
        similar_errors_count int
        auto_resolved bool
        user_intervention bool
    """,
    "agent_usage": """
        **agent_type** str
        **task_type** str
        **success** bool
        **duration_ms** int
        retry_count int
        tools_used list[str]
        files_accessed int
        api_calls int
        tokens_used int
        memory_mb float?
        cpu_percent float?
        parallel_tasks int
    """,
    "user_correction": """
        **original_output** str
        **corrected_output** str
        **correction_type** str
        **agent** str
        task_type str
        correction_category str
        user_feedback str?
        severity minor·moderate·critical
        pattern_matched str?
    """,
    "context": """
        project_name str
        session_id str
        user_id str?
        environment development·staging·production
        git_branch str?
        git_commit str?
        timestamp iso8601
        tags list[str]
        metadata object
    """,
}

MAY_BE_EMPTY = {"error_message", "original_output", "corrected_output"}


@dataclass(frozen=True)
class Field:
    """A line of the table: where the field stands, and the rule for it."""

    place: str
    name: str
    kind: str
    required: bool

    @property
    def may_be_null(self) -> bool:
        return "?" in self.kind

    def __str__(self) -> str:
        return f"{self.place}.{self.name}"

    def bad_values(self) -> list[Any]:
        """Values that break the rule, all of them legal JSON."""
        bad = [value for value in _bad(self.kind.replace("?", "")) if value is not None]
        if not self.may_be_null:
            bad.append(None)
        if self.required and self.kind == "str" and self.name not in MAY_BE_EMPTY:
            bad.append("")
        return bad

    def good_values(self) -> list[Any]:
        """Values at the edges of what the rule allows."""
        good = _good(self.kind.replace("?", ""))
        if self.may_be_null:
            good.append(None)
        if self.kind.startswith("str") and (not self.required or self.name in MAY_BE_EMPTY):
            good.append("")
        return good


def _bad(kind: str) -> list[Any]:
    match kind:
        case "str":
            return [2500, 2500.0, True, False, ["text"], {}, []]
        case "int":
            return ["2500", 2500.0, 1e3, True, False, -1, -(10**30), [], {}, ""]
        case "bool":
            return [1, 0, 1.0, "true", "false", "", [], {}]
        case "float":
            return ["0.5", "", True, False, [], {}]
        case "float 0-100":
            return [-0.001, 100.001, -1, 101, 10**30, *_bad("float")]
        case "list[str]":
            return ["text", "", 1, True, {}, {"0": "text"}]
        case "object":
            return ["text", "", 1, 1.5, True, [], [{}]]
        case "iso8601":
            return ["", "yesterday", "2025-13-01T00:00:00Z", 1732900000, 1.5, True, [], {}]
    return ["", "MINOR", "Production", " minor", "severe", 1, True, [], {}, ["minor"]]


def _good(kind: str) -> list[Any]:
    match kind:
        case "str":
            return ["x", " ", "2500", "null", "größer 🙂 日本", "a\x00b", "x" * 5000]
        case "int":
            return [0, 1, 2**63 - 1, 2**63, 2**64, 10**40]
        case "bool":
            return [True, False]
        case "float":
            return [0, 0.0, 1, 55.25, 1e-300, 1.7976931348623157e308]
        case "float 0-100":
            return [0, 0.0, 55.25, 100, 100.0]
        case "list[str]":
            return [[], [""], ["Read", "Edit", "Read"]]
        case "object":
            return [{}, {"any": ["thing", 1, 1.0, True, None, {"deep": []}]}]
        case "iso8601":
            return ["2025-11-29T10:00:00Z", "2025-11-29T10:00:00", "2025-11-29T12:00:00.5+02:00"]
    return list(kind.split("·"))


def _fields() -> list[Field]:
    fields = []
    for place, lines in _TABLE.items():
        for line in lines.split("\n"):
            name, _, kind = line.strip().partition(" ")
            if name:
                fields.append(Field(place, name.strip("*"), kind, name.startswith("**")))
    return fields


FIELDS = _fields()
