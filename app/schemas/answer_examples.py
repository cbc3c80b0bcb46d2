"""One real-looking answer of each kind, by the name of its schema, for the documentation."""

from typing import Any

from app.schemas.examples import CURSOR, EXAMPLES, stored_example
from app.schemas.fields import PatternType

_STORED = [stored_example(pattern_type) for pattern_type in PatternType]
_DELETED = {"pattern_id": "pat-20251129-095500-007", "deleted": True, "seq": 5}
_FIELD = {
    "pointer": "/data/duration_ms",
    "code": "type",
    "detail": "Must be an integer, not a string.",
}
_PROBLEM = {
    "type": "urn:pattern-store:problem:invalid-pattern",
    "title": "Not a valid pattern",
    "status": 422,
    "detail": "The body is not a valid pattern; see errors.",
    "instance": "/v1/patterns",
    "errors": [_FIELD],
}
_ITEM = {
    "index": 2,
    "pattern_id": "pat-20251129-100000-003",
    "status": 422,
    "detail": "The body is not a valid pattern; see errors.",
    "errors": [_FIELD],
}
_COUNTS = {
    "received": 1000,
    "stored": 996,
    "duplicates": 3,
    "rejected": 1,
    "past_retention": 12,
    "errors": [_ITEM],
    "errors_omitted": 0,
}
_BROKEN_OFF = {
    "type": "urn:pattern-store:problem:malformed",
    "title": "The request cannot be read",
    "status": 400,
    "detail": "The body broke off before its end.",
    "instance": "/v1/patterns/batch",
}
_STOPPED = {
    "type": "urn:pattern-store:problem:shutting-down",
    "title": "The service is stopping",
    "status": 503,
    "detail": "The service is stopping; send the rest again when it is back.",
    "instance": "/v1/patterns/batch",
}
_FAILED = _STOPPED | {
    "type": "urn:pattern-store:problem:storage-unavailable",
    "title": "The storage does not answer",
    "detail": "The store does not answer: disk I/O error.",
}
_DAMAGED = _STOPPED | {
    "type": "urn:pattern-store:problem:damaged-store",
    "title": "What is stored is damaged",
    "detail": "The pattern 'pat-20251129-100000-001' is damaged in the store.",
}
_BY_TYPE = {
    "task_completion": 120,
    "error_occurrence": 42,
    "agent_usage": 311,
    "user_correction": 7,
}
_DAY = {"day": "2025-11-29", "count": 480, "by_type": _BY_TYPE}
_COMPRESSION = {"raw_bytes": 298_560, "document_bytes": 298_560, "ratio": 1.0}
_SETTINGS = {
    "days": {
        "task_completion": 90,
        "error_occurrence": 365,
        "agent_usage": 90,
        "user_correction": 90,
    },
    "grace_days": 7,
    "max_patterns": 0,
    "max_bytes": 0,
}
_FORECAST = _SETTINGS | {"due": 2, "due_by_type": {"agent_usage": 2}, "kept_by_grace": 12}
_RETENTION_RUN = {
    "dry_run": False,
    "patterns": 2,
    "bytes_before": 753_664,
    "bytes_after": 741_376,
    "by_type": {"agent_usage": 2},
    "by_day": {"2025-08-30": 2},
    "kept_by_grace": 12,
}
_COMPRESSION_RUN = {
    "dry_run": False,
    "patterns": 310,
    "bytes_before": 741_376,
    "bytes_after": 540_672,
    "by_type": {"agent_usage": 310},
    "by_day": {"2025-10-29": 120, "2025-10-30": 190},
}
_TASK_RUN = {
    "started_at": "2025-11-29T03:00:00.000412Z",
    "ended_at": "2025-11-29T03:00:00.018730Z",
    "error": None,
    "result": _RETENTION_RUN,
}
_RUNNING = {
    "started_at": "2025-11-29T04:00:00.000377Z",
    "done": 400,
    "total": 1311,
    "bytes": 688_128,
    "eta_seconds": 0.8,
}
_TASK = {
    "settings": _SETTINGS,
    "interval_seconds": 3600,
    "next_run_at": "2025-11-29T05:02:11.000000Z",
    "running": _RUNNING,
    "last_run": _TASK_RUN,
}

_COMPRESSION_TASK = _TASK | {
    "settings": {"after_days": 30},
    "running": None,
    "last_run": _TASK_RUN | {"result": _COMPRESSION_RUN},
}

_SUMMARIES_TASK = _TASK | {
    "settings": {},
    "interval_seconds": 60,
    "running": None,
    "last_run": _TASK_RUN | {"result": {"summarised": 1}},
}
_DURATIONS = {"known": 311, "min": 812, "p50": 18_250, "p95": 96_412, "max": 187_003}
_AGENT = {
    "agent": "code-developer",
    "patterns": 318,
    "by_type": {"agent_usage": 191, "task_completion": 120, "user_correction": 7},
    "succeeded": 280,
    "failed": 31,
    "success_rate": 0.9003215434083601,
    "duration_ms": _DURATIONS,
}
_CORRECTION = _STORED[-1]
_CHANGED = {"removed": "a float", "added": "Decimal"}
_BASIS = {
    "wrong": 1.0,
    "around": 0.812,
    "corrected": 0.0,
    "same_agent": True,
    "same_task_type": False,
}
_CORRECTION_FOUND = {
    "score": 0.734,
    "rests_on": _BASIS,
    "times": 3,
    "change": _CHANGED,
    "pattern": _CORRECTION,
}
_RECURRING = {
    "count": 3,
    "first_seen": "2025-11-12T16:40:03.000000Z",
    "last_seen": "2025-11-29T10:00:00.000000Z",
    "agents": {"code-developer": 2, "reviewer": 1},
    "correction_types": {"correctness": 3},
    "correction_categories": {},
    "change": _CHANGED,
    "pattern": _CORRECTION,
}

_GROUP = {
    "group_id": "err-07f1c4a95be23d68",
    "title": "TypeError: unsupported operand type(s) for +: '…' and '…' in cart.total",
    "error_type": "TypeError",
    "count": 42,
    "first_seen": "2025-11-20T08:12:45.120000Z",
    "last_seen": "2025-11-29T10:00:00.000000Z",
    "agents": ["code-developer"],
    "projects": ["checkout"],
    "days": [{"day": "2025-11-20", "count": 3}, {"day": "2025-11-29", "count": 39}],
    "resolution_known": True,
    "status": "regressed",
}
_EVIDENCE = {"carried": 3, "auto_resolved": 1, "worked": 12, "failed": 1}
_RESOLUTION = {
    "resolution_id": "res-5d6a1c03f9e8b724-07f1c4a95be23d68",
    "resolution": "Convert the fee to an int when the cart is read.",
    "pattern_id": "pat-20251129-100000-002",
    "occurrences": 4,
    "last_seen": "2025-11-29T10:00:00.000000Z",
    "evidence": _EVIDENCE,
}
_FRAME = {"module": "cart.py", "function": "total"}
_AGREEMENT = {
    "type": "TypeError",
    "message": "unsupported operand type(s) for +: <text> and <text>",
    "frames": [_FRAME],
}
_DECISION = {
    "number": 17,
    "at": "2025-11-29T10:02:11.000000Z",
    "after_seq": 481,
    "kind": "merge",
    "projects": [],
    "content": {"group_id": "err-9b2e61d7c05fa318", "into": "err-07f1c4a95be23d68"},
    "undone_by": None,
}
_WHY = {"agree": _AGREEMENT, "variants": 3, "decisions": [_DECISION]}
_RESOLUTION_BASIS = {
    "frames": 1.0,
    "functions_shared": 1,
    "message": 1.0,
    "type": True,
    "library": None,
    "project": True,
    "outcomes": 0.538,
}
_KNOWN_GROUP = {
    "group_id": "err-07f1c4a95be23d68",
    "title": "TypeError: unsupported operand type(s) for +: 'int' and 'str' (total)",
}
_CANDIDATE = (
    _RESOLUTION
    | _KNOWN_GROUP
    | {"outcomes": {"worked": 12, "failed": 1}}
    | {"score": 0.769, "confidence": "exact", "rests_on": _RESOLUTION_BASIS}
)

ANSWERS: dict[str, Any] = {
    "DayOccurrences": {"day": "2025-11-29", "count": 39},
    "ErrorGroup": _GROUP,
    "ErrorGroupPage": {"items": [_GROUP], "next_cursor": CURSOR},
    "ResolutionEvidence": _EVIDENCE,
    "GroupResolution": _RESOLUTION,
    "Frame": _FRAME,
    "Agreement": _AGREEMENT,
    "Decision": _DECISION,
    "Why": _WHY,
    "ErrorGroupDetail": _GROUP
    | {
        "resolutions": [_RESOLUTION],
        "why": _WHY,
        "occurrences": [stored_example(PatternType.ERROR_OCCURRENCE)],
        "next_cursor": None,
    },
    "DecisionPage": {"items": [_DECISION], "next_cursor": None},
    "DecisionMade": {"decision": _DECISION, "group_id": "err-07f1c4a95be23d68"},
    "ResolutionBasis": _RESOLUTION_BASIS,
    "ResolutionCandidate": _CANDIDATE,
    "Outcomes": {"worked": 12, "failed": 1},
    "KnownGroup": _KNOWN_GROUP,
    "ResolutionsFound": {"candidates": [_CANDIDATE], "group": _KNOWN_GROUP},
    "ErrorQuestion": {
        "error_type": "TypeError",
        "error_message": "unsupported operand type(s) for +: 'int' and 'str'",
        "stack_trace": 'File "cart.py", line 57, in total\n    return amount + fee',
        "context": {"project_name": "checkout"},
    },
    "OutcomeReport": {"worked": True, "pattern_id": "pat-20251129-100000-002"},
    "Merge": {"into": "err-07f1c4a95be23d68"},
    "Split": {"pattern_ids": ["pat-20251129-100000-002"]},
    "Stored": _STORED[0]["stored"],
    "DeletedPattern": _DELETED,
    "FieldProblem": _FIELD,
    "Problem": _PROBLEM,
    "BatchError": _ITEM,
    "BatchCounts": _COUNTS,
    "BatchProblem": _BROKEN_OFF | _COUNTS,
    "PatternPage": {"items": _STORED[:2], "next_cursor": CURSOR},
    "PatternCount": {"count": 480, "relation": "eq", "by_type": _BY_TYPE},
    "DeletionCounts": {"matched": 12, "deleted": 12},
    "ValidationResult": {"valid": False, "errors": [_FIELD]},
    "Compression": _COMPRESSION,
    "RetentionSettings": _SETTINGS,
    "RetentionForecast": _FORECAST,
    "DayCount": _DAY,
    "Statistics": {
        "total": 480,
        "by_type": _BY_TYPE,
        "by_day": [_DAY],
        "oldest": "2025-11-29T07:12:45.120000Z",
        "newest": "2025-11-29T10:00:00.000000Z",
        "in_future": 0,
        "last_seq": 481,
        "size_bytes": 753_664,
        "compression": _COMPRESSION,
        "retention": _FORECAST,
    },
    "AgentDurations": _DURATIONS,
    "AgentResults": _AGENT,
    "AgentStatistics": {
        "start_date": "2025-11-22T10:00:00.000000Z",
        "end_date": "2025-11-29T10:00:00.000000Z",
        "quantile_error": 0.01,
        "agents": [_AGENT],
        "agents_omitted": 0,
    },
    "CorrectionQuestion": {
        "output": "total: float = sum(prices)",
        "agent": "code-developer",
        "task_type": "implementation",
    },
    "Changed": _CHANGED,
    "CorrectionBasis": _BASIS,
    "CorrectionFound": _CORRECTION_FOUND,
    "CorrectionsFound": {"items": [_CORRECTION_FOUND]},
    "RecurringCorrection": _RECURRING,
    "RecurringCorrections": {"items": [_RECURRING], "items_omitted": 0},
    "RetentionRun": _RETENTION_RUN,
    "TaskProgress": _RUNNING,
    "TaskRun": _TASK_RUN,
    "RetentionState": _TASK,
    "CompressionSettings": {"after_days": 30},
    "CompressionState": _COMPRESSION_TASK,
    "CompressionRun": _COMPRESSION_RUN,
    "NoSettings": {},
    "SummariesState": _SUMMARIES_TASK,
    "Lifecycle": {
        "retention": _TASK,
        "compression": _COMPRESSION_TASK,
        "summaries": _SUMMARIES_TASK,
    },
    "TaskAccepted": {"task": "retention", "state": "started"},
    "Health": {"status": "ok"},
}

BODIES: dict[str, Any] = {
    "OutcomeMade": {
        "decision": _DECISION
        | {
            "kind": "outcome",
            "projects": ["checkout"],
            "content": {
                "group_id": "err-07f1c4a95be23d68",
                "resolution": "5b1f0c77a2e94d30",
                "worked": True,
                "pattern_id": "pat-20251129-100000-002",
            },
        },
        "group_id": "err-07f1c4a95be23d68",
    },
    "Patterns": list(EXAMPLES.values()),
    "WholeBatch": _COUNTS | {"stored": 997, "rejected": 0, "errors": []},
    "StoppedBatch": _STOPPED | _COUNTS,
    "FailedBatch": _FAILED | _COUNTS,
    "DamagedBatch": _DAMAGED | _COUNTS,
    "ExportLines": [*_STORED, _DELETED],
    "JSONSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": ["pattern_type", "data"],
        "properties": {"pattern_type": {"type": "string", "const": "agent_usage"}},
    },
    "Metrics": "# TYPE pattern_store_store_bytes gauge\npattern_store_store_bytes 753664.0\n",
}
"""Bodies without a schema of their own name; of a stream's lines, what they are together."""
