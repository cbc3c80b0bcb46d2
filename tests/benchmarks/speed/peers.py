"""What a team would pick instead, each used as its makers advise."""

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from sqlite3 import Connection
from typing import Any

from app.schemas.timestamps import format_timestamp

BATCH = 10_000
COLUMNS = (
    "pattern_type", "timestamp", "agent", "success", "duration_ms", "tags", "data", "context",
)  # fmt: skip
_JSON = frozenset({"tags", "data", "context"})


def columns(pattern: Mapping[str, Any]) -> dict[str, Any]:
    """A pattern as a row for tables without a vocabulary of their own; what is absent is."""
    data, context = pattern["data"], pattern["context"]
    found = {
        "pattern_type": pattern["pattern_type"],
        "timestamp": pattern["timestamp"],
        "agent": data.get("agent") or data.get("agent_type"),
        "success": data.get("success"),
        "duration_ms": data.get("duration_ms"),
        "tags": context["tags"],
        "data": data,
        "context": context,
    }
    return {name: value for name, value in found.items() if value is not None}


def fill(
    connection: Connection,
    key: str,
    patterns: Iterable[dict[str, Any]],
    absent: Mapping[str, Any],
) -> None:
    """Insert patterns into a table `patterns` with that key; `absent` stands where none is."""
    places = ", ".join("?" * (len(COLUMNS) + 1))
    statement = f"INSERT INTO patterns ({key}, {', '.join(COLUMNS)}) VALUES ({places})"
    remaining = iter(patterns)
    while batch := [*islice(remaining, BATCH)]:
        with connection:
            connection.executemany(statement, [_row(pattern, absent) for pattern in batch])


def _row(pattern: dict[str, Any], absent: Mapping[str, Any]) -> list[Any]:
    found = {**absent, **columns(pattern)}
    values = (found.get(name) for name in COLUMNS)
    return [
        pattern["pattern_id"],
        *(
            json.dumps(value, separators=(",", ":")) if name in _JSON else value
            for name, value in zip(COLUMNS, values, strict=True)
        ),
    ]


def summary_by_agent(start: int, end: int) -> str:
    """W5 in SQL: success rate, and median and 95th percentile of the duration, by agent."""
    return (
        "SELECT agent AS id, avg(success) AS success_rate,"
        " max(CASE WHEN place = (total + 1) / 2 THEN duration_ms END) AS p50,"
        " max(CASE WHEN place = (total * 95 + 99) / 100 THEN duration_ms END) AS p95"
        " FROM (SELECT agent, success, duration_ms,"
        " row_number() OVER (PARTITION BY agent ORDER BY duration_ms) AS place,"
        " count(*) OVER (PARTITION BY agent) AS total FROM patterns"
        f" WHERE timestamp >= '{format_timestamp(start)}'"
        f" AND timestamp <= '{format_timestamp(end)}' AND duration_ms > 0) GROUP BY agent"
    )
