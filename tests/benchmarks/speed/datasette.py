"""Datasette 1.0 (https://datasette.io): a Python service over SQLite, with a JSON write API."""

import inspect
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from app.schemas.timestamps import format_timestamp
from tests.benchmarks.speed import peers
from tests.benchmarks.speed.contestants import BATCH, LIMIT, Latest, Reader
from tests.benchmarks.speed.kept import IDS, KeptStores, noted
from tests.benchmarks.speed.load import Posting
from tests.benchmarks.speed.targets import DATASETTE
from tests.generated import generated

_DATABASE = "patterns.db"
_TABLE = "/patterns/patterns"
_TABLES = """
CREATE TABLE patterns (
    pattern_id TEXT PRIMARY KEY, pattern_type TEXT, timestamp TEXT, agent TEXT, success INTEGER,
    duration_ms INTEGER, tags TEXT, data TEXT, context TEXT
);
CREATE INDEX by_type ON patterns (pattern_type, timestamp);
CREATE INDEX by_agent ON patterns (timestamp, agent, success, duration_ms);
"""
_CONFIGURATION = {
    "permissions": {"insert-row": True},
    "settings": {"max_insert_rows": BATCH, "sql_time_limit_ms": 60_000},
}


class Datasette(Reader):
    """Datasette with a table of patterns in WAL mode, which syncs each transaction."""

    name = DATASETTE
    durable = "all are kept"
    ready = "/-/versions.json"
    single = Posting(f"{_TABLE}/-/insert", before='{"row":', after="}")
    batch = Posting(
        f"{_TABLE}/-/insert",
        "application/json",
        BATCH,
        before='{"rows":[',
        between=",",
        after="]}",
    )

    def __init__(self, programs: Path) -> None:
        self._python = programs / "python"

    def command(self, folder: Path, port: int) -> list[str]:
        configuration = folder / "datasette.json"
        configuration.write_text(json.dumps(_CONFIGURATION))
        serve = [str(self._python), "-m", "datasette", "serve", str(folder / _DATABASE)]
        return [*serve, "--port", str(port), "--config", str(configuration)]

    def line(self, pattern: dict[str, Any]) -> str:
        return json.dumps(
            {"pattern_id": pattern["pattern_id"], **peers.columns(pattern)}, separators=(",", ":")
        )

    def store(self, kept: KeptStores, patterns: int) -> Path:
        def build(folder: Path) -> None:
            with closing(sqlite3.connect(folder / _DATABASE)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_TABLES)
                with (folder / IDS).open("w") as ids:
                    peers.fill(connection, "pattern_id", noted(generated(patterns), ids), {})

        recipe = inspect.getsource(sys.modules[__name__]) + inspect.getsource(peers)
        return kept.kept(f"datasette-{patterns}", recipe, build)

    def by_id(self, pattern_id: str) -> str:
        return f"{_TABLE}/{pattern_id}.json"

    def latest(self, question: Latest) -> str:
        assert question.start is not None
        assert question.end is not None
        asked = {
            "pattern_type": question.pattern_type,
            "timestamp__gte": format_timestamp(question.start),
            "timestamp__lte": format_timestamp(question.end),
            "tags__arraycontains": question.tag,
            "_sort_desc": "timestamp",
            "_size": LIMIT,
            "_nocount": 1,
            "_nofacet": 1,
        }
        return f"{_TABLE}.json?{urlencode(asked)}"

    def by_agent(self, start: int, end: int) -> str:
        return f"/patterns/-/query.json?{urlencode({'sql': peers.summary_by_agent(start, end)})}"
