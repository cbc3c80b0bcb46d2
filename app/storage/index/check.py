"""Looking for damage: in the file itself, and where its tables contradict each other."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple
from typing import Any

from app.errors import PatternStoreError
from app.schemas.records import StoredDocument, record_of_document
from app.schemas.timestamps import day_of
from app.storage.base import Finding
from app.storage.index.connections import Connection
from app.storage.index.rows import COLUMNS, stored_document

STEP = 500
"""How many patterns one step compares."""

_COUNTERPARTS = {
    "patterns without a document": (
        "SELECT pattern_id FROM patterns WHERE seq NOT IN (SELECT seq FROM documents)"
        " AND seq NOT IN (SELECT seq FROM cold_documents)"
    ),
    "documents without a pattern": (
        "SELECT seq FROM documents WHERE seq NOT IN (SELECT seq FROM patterns)"
        " UNION SELECT seq FROM cold_documents WHERE seq NOT IN (SELECT seq FROM patterns)"
        " UNION SELECT seq FROM documents WHERE seq IN (SELECT seq FROM cold_documents)"
    ),
    "tags without a pattern": (
        "SELECT DISTINCT seq FROM tags WHERE seq NOT IN (SELECT seq FROM patterns)"
    ),
    "commit numbers beyond the last": (
        "SELECT max(seq) FROM patterns"
        " HAVING max(seq) > (SELECT value FROM meta WHERE name = 'last_seq')"
    ),
}


def whole_file(connection: Connection) -> list[Finding]:
    """What SQLite's own check and the counts between tables find."""
    findings = [
        Finding("database", problem)
        for (problem,) in connection.execute("PRAGMA integrity_check")
        if problem != "ok"
    ]
    for problem, statement in _COUNTERPARTS.items():
        findings += [Finding(str(place), problem) for (place,) in connection.execute(statement)]
    return findings + _daily_sums(connection)


def some_patterns(connection: Connection, after_seq: int) -> tuple[list[Finding], int | None]:
    """What is wrong with the next patterns, and the `seq` to go on after, None at the end."""
    rows = connection.execute(
        f"SELECT {COLUMNS}, p.size, p.project_name, p.agent, p.task_type, p.environment,"
        " p.session_id, p.user_id, p.success, p.error_type, p.severity, p.duration_ms"
        " FROM patterns p WHERE p.seq > ? ORDER BY p.seq LIMIT ?",
        (after_seq, STEP),
    ).fetchall()
    findings = [finding for row in rows for finding in _compare(connection, row)]
    return findings, rows[-1][4] if len(rows) == STEP else None


def _compare(connection: Connection, row: tuple[Any, ...]) -> Iterator[Finding]:
    try:
        stored = stored_document(row[:6], connection.documents.read(row[4]))
        record = record_of_document(stored)
    except (PatternStoreError, LookupError, TypeError, ValueError) as error:
        yield Finding(row[0], f"its document cannot be read: {error}")
        return
    if (len(record.document), *astuple(record.filed)) != row[6:] or not _same_key(
        stored, record.timestamp
    ):
        yield Finding(stored.pattern_id, "its columns differ from its document")
    tags = connection.execute(
        "SELECT count(*) FROM tags WHERE timestamp = ? AND seq = ?"
        " AND tag IN (SELECT value FROM json_each(?))",
        (stored.timestamp, stored.stored.seq, json.dumps(record.tags)),
    ).fetchone()[0]
    if tags != len(record.tags):
        yield Finding(stored.pattern_id, "its tags differ from its document")


def _same_key(stored: StoredDocument, timestamp: int) -> bool:
    content = stored.content()
    return (content["pattern_id"], content["pattern_type"], timestamp) == (
        stored.pattern_id,
        stored.pattern_type,
        stored.timestamp,
    )


def _daily_sums(connection: Connection) -> list[Finding]:
    counted: Counter[tuple[int, str, str]] = Counter()
    for timestamp, project_name, pattern_type in connection.execute(
        "SELECT timestamp, project_name, pattern_type FROM patterns"
    ):
        counted[day_of(timestamp), project_name, pattern_type] += 1
    kept = {
        (day, project_name, pattern_type): patterns
        for day, project_name, pattern_type, patterns in connection.execute(
            "SELECT day, project_name, pattern_type, patterns FROM days"
        )
    }
    return [] if counted == kept else [Finding("days", "the daily sums differ from the patterns")]
