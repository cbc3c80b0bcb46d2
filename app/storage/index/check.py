"""Looking for damage: in the file itself, and where its tables contradict each other."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from app.schemas.records import StoredDocument, record_of_document
from app.schemas.timestamps import day_of
from app.storage.base import Finding
from app.storage.index import journal, summaries
from app.storage.index.connections import Connection
from app.storage.index.failures import explained, is_contradiction, is_damage
from app.storage.index.learning import learning
from app.storage.index.meta import numbers_of
from app.storage.index.rows import COLUMNS, stored_document, wrong_with
from app.storage.index.schema import MIGRATIONS, known_version
from app.storage.index.summarising import summary_of

STEP = 500
"""How many patterns one step compares."""

_NEXT_PATTERNS = (
    f"SELECT {COLUMNS}, p.size, p.project_name, p.agent, p.task_type, p.environment,"
    " p.session_id, p.user_id, p.success, p.error_type, p.severity, p.duration_ms"
    " FROM patterns p WHERE p.seq > ? ORDER BY p.seq LIMIT ?"
)

_COUNTERPARTS = {
    "patterns without a document": (
        "SELECT pattern_id FROM patterns WHERE seq NOT IN (SELECT seq FROM documents)"
        " AND seq NOT IN (SELECT seq FROM cold_documents)"
    ),
    "patterns that their id does not name": (
        "SELECT pattern_id FROM patterns p"
        " WHERE p.seq IS NOT (SELECT seq FROM ids i WHERE i.pattern_id = p.pattern_id)"
    ),
    "ids that name no pattern": (
        "SELECT pattern_id FROM ids WHERE seq NOT IN (SELECT seq FROM patterns)"
    ),
    "ids that are kept twice": (
        "SELECT pattern_id FROM recent_ids JOIN settled_ids USING (pattern_id)"
    ),
    "documents without a pattern": (
        "SELECT seq FROM documents WHERE seq NOT IN (SELECT seq FROM patterns)"
        " UNION SELECT seq FROM cold_documents WHERE seq NOT IN (SELECT seq FROM patterns)"
        " UNION SELECT seq FROM documents WHERE seq IN (SELECT seq FROM cold_documents)"
    ),
    "tags without a pattern": (
        "SELECT DISTINCT seq FROM tags WHERE seq NOT IN (SELECT seq FROM patterns)"
    ),
    "learned errors without a pattern": (
        "SELECT l.seq FROM learned l LEFT JOIN patterns p USING (seq)"
        " WHERE p.pattern_type IS NOT 'error_occurrence' OR p.timestamp <> l.timestamp"
    ),
    "learned errors without a variant": (
        "SELECT seq FROM learned WHERE variant NOT IN (SELECT number FROM variants)"
    ),
    "variants that do not occur": (
        "SELECT variant FROM variants WHERE number NOT IN (SELECT variant FROM learned)"
        " AND number NOT IN (SELECT variant FROM vacated)"
    ),
    "learned corrections without a pattern": (
        "SELECT l.seq FROM learned_corrections l LEFT JOIN patterns p USING (seq)"
        " WHERE p.pattern_type IS NOT 'user_correction'"
    ),
    "commit numbers beyond the last": (
        "SELECT max(seq) FROM patterns"
        " HAVING max(seq) > (SELECT value FROM meta WHERE name = 'last_seq')"
    ),
}


def is_present(connection: Connection) -> bool:
    """Whether the tables are those of this version."""
    return known_version(connection) == len(MIGRATIONS)


def whole_file(connection: Connection) -> list[Finding]:
    """What SQLite's own check and the counts between tables find."""
    if not is_present(connection):
        version = known_version(connection)
        why = f"has tables of version {version}: start the service, then check again"
        empty = "has no tables; what it held is lost"
        told = Finding("database", why if version else empty)
        return [*_as_far_as_readable(_integrity, connection), told]
    looks = (_integrity, _meta, _counterparts, _daily_sums, _summaries, _groups)
    return [finding for look in looks for finding in _as_far_as_readable(look, connection)]


def some_patterns(connection: Connection, after_seq: int) -> tuple[list[Finding], int | None]:
    """What is wrong with the next patterns, and the `seq` to go on after, None at the end."""
    rows: list[tuple[Any, ...]] = []

    def compare_next(connection: Connection) -> Iterator[Finding]:
        rows.extend(connection.execute(_NEXT_PATTERNS, (after_seq, STEP)))
        for row in rows:
            yield from _compare(connection, row)

    findings = _as_far_as_readable(compare_next, connection)
    return findings, rows[-1][4] if len(rows) == STEP else None


def _as_far_as_readable(
    look: Callable[[Connection], Iterable[Finding]], connection: Connection
) -> list[Finding]:
    """What a look finds; where it meets damage that stops it, that as well."""
    findings: list[Finding] = []
    try:
        findings.extend(look(connection))
    except sqlite3.DatabaseError as error:
        if not (
            is_damage(error) or is_contradiction(error)
        ):  # the database does not answer, or we err
            raise
        findings.append(Finding("database", explained(error)))
    except (TypeError, ValueError, LookupError) as error:  # what no column of ours should hold
        findings.append(Finding("database", f"holds what cannot be read: {error!r}"))
    return findings


def _meta(connection: Connection) -> list[Finding]:
    """Nothing, but reading it may raise."""
    numbers_of(connection)
    learning(connection)
    return []


def _integrity(connection: Connection) -> Iterator[Finding]:
    for (problem,) in connection.execute("PRAGMA integrity_check"):
        if problem != "ok":
            yield Finding("database", problem)


def _counterparts(connection: Connection) -> Iterator[Finding]:
    for problem, statement in _COUNTERPARTS.items():
        for (place,) in connection.execute(statement):
            yield Finding(str(place), problem)


def _compare(connection: Connection, row: tuple[Any, ...]) -> Iterator[Finding]:
    document = connection.documents.read(row[4])
    if (why := wrong_with(row[:7], document)) is not None:
        yield Finding(str(row[0]), f"its document is damaged: {why}")
        return
    try:
        stored = stored_document(row[:7], document)
        record = record_of_document(stored)
        content = stored.content()
        key = content["pattern_id"], content["pattern_type"], record.timestamp
    except Exception as error:  # noqa: BLE001 - a damaged text can fail in any way
        problem = f"its document cannot be read: {type(error).__name__}: {error}"
        yield Finding(row[0], problem)
        return
    if (*key, len(record.document), *record.filed) != (*row[:3], *row[7:]):
        yield Finding(stored.pattern_id, "its columns differ from its document")
    if not all(_has_tag(connection, stored, tag) for tag in record.tags):
        yield Finding(stored.pattern_id, "its tags differ from its document")


def _has_tag(connection: Connection, stored: StoredDocument, tag: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM tags WHERE tag = ? AND timestamp = ? AND seq = ?",
        (tag, stored.timestamp, stored.stored.seq),
    ).fetchone()
    return row is not None


def _daily_sums(connection: Connection) -> Iterator[Finding]:
    counted: defaultdict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for timestamp, project_name, pattern_type, size in connection.execute(
        "SELECT timestamp, project_name, pattern_type, size FROM patterns"
    ):
        sums = counted[day_of(timestamp), project_name, pattern_type]
        sums[0] += 1
        sums[1] += size
    kept = {
        (day, project_name, pattern_type): [patterns, size]
        for day, project_name, pattern_type, patterns, size in connection.execute(
            "SELECT day, project_name, pattern_type, patterns, bytes FROM days"
        )
    }
    if counted != kept:
        yield Finding("days", "the daily sums differ from the patterns")


def _groups(connection: Connection) -> Iterator[Finding]:
    groups = journal.grouping(connection)
    for project_name, variant, fingerprint, group_id in connection.execute(
        "SELECT project_name, variant, fingerprint, group_id FROM variants"
    ):
        if groups.group_of(project_name, variant, fingerprint) != group_id:
            yield Finding("variants", f"{variant} is of another group by the decisions")
    kept = connection.execute("SELECT * FROM outcomes ORDER BY decision").fetchall()
    if kept != journal.expected_outcomes(connection):
        yield Finding("outcomes", "they differ from the decisions")


def _summaries(connection: Connection) -> Iterator[Finding]:
    kept = summaries.everything(connection)
    for (day,) in connection.execute("SELECT DISTINCT day FROM days").fetchall():
        missing = summaries.unsummarised(connection, day, day)
        for period in summaries.periods_of(day):
            expected = [] if period in missing else summary_of(connection, period)
            if set(kept.pop(period, [])) != set(expected):
                yield Finding("agent_summaries", f"{period} differs from the patterns")
    for period in kept:
        yield Finding("agent_summaries", f"{period} has no patterns")
