"""The database's tables, and its versions.

A pattern's row is keyed by the `seq` of its latest change, so that a change is a removal and
an addition, an export is a walk along the key, and a `seq` names one state of one pattern.
The document stands apart from the columns that filters use, which keeps scans of them small;
that of an old pattern moves, compressed, to `cold_documents`, whose pages it fills densely.
"""

import sqlite3

from app.errors import StoreNotOpened

APPLICATION_ID = 0x50617453
"""`PatS`: marks the file as ours (PRAGMA application_id)."""

_VERSION_1 = """
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES
    ('last_seq', 0), ('purged_seq', 0), ('removed_words', 0), ('saved_bytes', 0);

CREATE TABLE patterns (
    seq INTEGER PRIMARY KEY,
    pattern_id TEXT NOT NULL,
    pattern_type TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    received BLOB NOT NULL,
    size INTEGER NOT NULL,
    project_name TEXT NOT NULL,
    agent TEXT,
    task_type TEXT,
    environment TEXT,
    session_id TEXT,
    user_id TEXT,
    success INTEGER,
    error_type TEXT,
    severity TEXT,
    duration_ms INTEGER
) STRICT;
CREATE INDEX patterns_by_time ON patterns (timestamp);
CREATE INDEX patterns_by_type ON patterns (pattern_type, timestamp);
CREATE INDEX patterns_by_project ON patterns (project_name, timestamp);
CREATE INDEX patterns_by_agent ON patterns (agent, timestamp) WHERE agent IS NOT NULL;
CREATE INDEX patterns_by_task ON patterns (task_type, timestamp) WHERE task_type IS NOT NULL;
CREATE INDEX patterns_by_session ON patterns (session_id, timestamp) WHERE session_id IS NOT NULL;
CREATE INDEX patterns_by_user ON patterns (user_id, timestamp) WHERE user_id IS NOT NULL;
CREATE INDEX patterns_by_error ON patterns (error_type, timestamp) WHERE error_type IS NOT NULL;
CREATE INDEX patterns_by_severity ON patterns (severity, timestamp) WHERE severity IS NOT NULL;
CREATE INDEX patterns_ahead ON patterns (stored_at)
    WHERE timestamp > stored_at + 86400000000;

CREATE TABLE documents (
    seq INTEGER PRIMARY KEY,
    document BLOB NOT NULL
) STRICT;

CREATE TABLE dictionaries (
    number INTEGER PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;
CREATE TABLE cold_documents (
    seq INTEGER PRIMARY KEY,
    dictionary INTEGER NOT NULL,
    document BLOB NOT NULL
) STRICT;

CREATE TABLE tags (
    tag TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tag, timestamp, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstones (
    seq INTEGER PRIMARY KEY,
    pattern_id TEXT NOT NULL,
    deleted_at INTEGER NOT NULL
) STRICT;

CREATE INDEX tombstones_by_id ON tombstones (pattern_id);

CREATE TABLE days (
    day INTEGER NOT NULL,
    project_name TEXT NOT NULL,
    pattern_type TEXT NOT NULL,
    patterns INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (day, project_name, pattern_type)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE words USING fts5 (text, content='', columnsize=0, tokenize='ascii');
"""

_VERSION_2 = """
DROP INDEX patterns_by_type;
CREATE INDEX patterns_by_type
    ON patterns (pattern_type, timestamp, agent, success, duration_ms);

CREATE TABLE agent_summaries (
    hours INTEGER NOT NULL,
    start INTEGER NOT NULL,
    project_name TEXT,
    pattern_type TEXT NOT NULL,
    agent TEXT NOT NULL,
    patterns INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    shortest_ms INTEGER,
    longest_ms INTEGER,
    durations BLOB NOT NULL
) STRICT;
CREATE INDEX agent_summaries_by_period ON agent_summaries (hours, start, project_name);

CREATE TABLE unsummarised (
    hours INTEGER NOT NULL,
    start INTEGER NOT NULL,
    claim INTEGER NOT NULL,
    PRIMARY KEY (hours, start)
) STRICT, WITHOUT ROWID;
WITH RECURSIVE
    known AS (SELECT DISTINCT day FROM days),
    hour AS (SELECT 0 AS number UNION ALL SELECT number + 1 FROM hour WHERE number < 23)
INSERT INTO unsummarised (hours, start, claim)
    SELECT 24, day * 24, 0 FROM known
    UNION ALL SELECT 1, day * 24 + number, 0 FROM known CROSS JOIN hour;
CREATE TRIGGER summary_outdated AFTER INSERT ON unsummarised BEGIN
    DELETE FROM agent_summaries WHERE hours = NEW.hours AND start = NEW.start;
END;
CREATE TRIGGER hour_outdated AFTER INSERT ON unsummarised
WHEN NEW.hours = 1 BEGIN
    INSERT INTO unsummarised VALUES (24, NEW.start - (NEW.start % 24 + 24) % 24, 0)
        ON CONFLICT DO UPDATE SET claim = 0;
END;
CREATE TRIGGER hour_claim_lost AFTER UPDATE OF claim ON unsummarised
WHEN NEW.hours = 1 AND NEW.claim = 0 BEGIN
    INSERT INTO unsummarised VALUES (24, NEW.start - (NEW.start % 24 + 24) % 24, 0)
        ON CONFLICT DO UPDATE SET claim = 0;
END;
"""
"""Summaries by agent, of hours and of days, and the periods that have patterns but none.

`start` is in hours since the epoch; a `project_name` of NULL means all projects together;
those by project are there only where they are worth it. For `claim` see
`app.storage.index.summaries`."""

_VERSION_3 = """
ALTER TABLE patterns ADD COLUMN checksum INTEGER;

CREATE TABLE decisions (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    after_seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    projects TEXT NOT NULL,
    key TEXT UNIQUE
) STRICT;

CREATE TABLE variants (
    number INTEGER PRIMARY KEY,
    project_name TEXT NOT NULL,
    variant TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    version INTEGER NOT NULL,
    group_id TEXT NOT NULL,
    title TEXT NOT NULL,
    parts TEXT NOT NULL,
    features BLOB NOT NULL,
    UNIQUE (variant, project_name)
) STRICT;
CREATE INDEX variants_by_group ON variants (group_id, project_name);

CREATE TABLE learned (
    seq INTEGER PRIMARY KEY,
    variant INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    solved INTEGER NOT NULL,
    resolution TEXT,
    auto_resolved INTEGER NOT NULL
) STRICT;
CREATE INDEX learned_by_variant ON learned (variant, solved, seq);
CREATE INDEX learned_by_time ON learned (variant, timestamp);
CREATE INDEX learned_solved ON learned (variant, resolution, seq) WHERE solved = 1;

CREATE TABLE vacated (variant INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER error_gone AFTER DELETE ON patterns
WHEN OLD.pattern_type = 'error_occurrence' BEGIN
    INSERT OR IGNORE INTO vacated SELECT variant FROM learned WHERE seq = OLD.seq;
    DELETE FROM learned WHERE seq = OLD.seq;
END;

CREATE TABLE outcomes (
    decision INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    after_seq INTEGER NOT NULL,
    group_id TEXT NOT NULL,
    resolution TEXT NOT NULL,
    worked INTEGER NOT NULL,
    projects TEXT NOT NULL
) STRICT;
CREATE INDEX outcomes_by_group ON outcomes (group_id, resolution);
"""
"""What tells damage, what is decided, and what is learned of errors.

A pattern's `checksum` is what `app.storage.index.rows` makes of it; NULL where an earlier version
wrote it.

`decisions` is truth; its `content` is JSON, `projects` a JSON array, empty for all. `variants`
and `outcomes`, the decisions of that kind that count, have the group that they belong to by all
decisions. `learned` has a row for each error that is learned, keyed as the pattern's, and
`vacated` the variants that may have lost their last. How far errors are learned is `meta`'s
`learned_through`, by the version `learned_version`; there once anything is."""

_VERSION_4 = """
CREATE TABLE recent_ids (
    pattern_id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE settled_ids (
    pattern_id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE VIEW ids AS
    SELECT pattern_id, seq FROM recent_ids UNION ALL SELECT pattern_id, seq FROM settled_ids;
INSERT INTO settled_ids SELECT pattern_id, seq FROM patterns ORDER BY pattern_id;
"""
"""Which state an id names, in tables of their own; see `app.storage.index.ids`."""

_VERSION_5 = """
CREATE TABLE learned_corrections (
    seq INTEGER PRIMARY KEY,
    correction_type TEXT NOT NULL,
    category TEXT,
    hunks BLOB NOT NULL
) STRICT;
CREATE TRIGGER correction_gone AFTER DELETE ON patterns
WHEN OLD.pattern_type = 'user_correction' BEGIN
    DELETE FROM learned_corrections WHERE seq = OLD.seq;
END;
"""
"""What is learned of corrections, a row for each, keyed as the pattern's.

`meta`'s `corrections_learned_version` is the version that learned them; there once any is."""

_UNIQUE_INDEX = "sqlite_autoindex_patterns_1"
"""The index of ids that `patterns` had before version 4, by its definition."""

_WITHOUT_UNIQUE_INDEX = f"""
UPDATE sqlite_schema SET sql = replace(sql, 'TEXT NOT NULL UNIQUE', 'TEXT NOT NULL')
    WHERE name = 'patterns';
UPDATE sqlite_schema SET name = 'patterns_by_id',
        sql = 'CREATE UNIQUE INDEX patterns_by_id ON patterns (pattern_id)'
    WHERE name = '{_UNIQUE_INDEX}';
PRAGMA writable_schema = RESET;
DROP INDEX patterns_by_id;
"""

MIGRATIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5)
"""What takes a database from each version (its place here) to the next."""


def known_version(connection: sqlite3.Connection) -> int:
    """A database's version, 0 where it is still empty.

    Raises StoreNotOpened for a database of a later version, or of another program.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise StoreNotOpened(
            "the file is a SQLite database of another program, or its header is damaged; name "
            "another path, or restore a backup there (pattern-store restore)."
        )
    if version > len(MIGRATIONS):
        raise StoreNotOpened(
            f"the database has schema version {version}, this program knows {len(MIGRATIONS)}; "
            "upgrade Pattern Store, or restore a backup if the file is damaged."
        )
    return version


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database to the present version, each step in a transaction of its own.

    Raises StoreNotOpened as `known_version` does.
    """
    version = known_version(connection)
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {number}; COMMIT;"
        )
    _drop_unique_index(connection)


def _drop_unique_index(connection: sqlite3.Connection) -> None:
    """Take the old index of ids out of the definition of `patterns`, and drop it.

    To write the table anew, as SQLite's manual would have it, takes a quarter of a minute for a
    million patterns, 0.5 GB of memory and half the store's size on disk; this takes a second.
    Where SQLite lets nobody edit definitions (SQLITE_DBCONFIG_DEFENSIVE, as macOS has it), the
    index stays, and costs time and room alone.
    """
    (has_it,) = connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE name = ?", (_UNIQUE_INDEX,)
    ).fetchone()
    if not has_it:
        return
    connection.execute("PRAGMA writable_schema = ON")
    if connection.execute("PRAGMA writable_schema").fetchone() == (1,):
        connection.executescript(f"BEGIN IMMEDIATE; {_WITHOUT_UNIQUE_INDEX} COMMIT;")
