"""PocketBase (https://pocketbase.io): one Go program over SQLite."""

import inspect
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from app.schemas.timestamps import format_timestamp
from tests.benchmarks.speed import peers
from tests.benchmarks.speed.contestants import BATCH, LIMIT, SPAN, Latest, Reader
from tests.benchmarks.speed.kept import IDS, KeptStores, noted
from tests.benchmarks.speed.load import Posting
from tests.benchmarks.speed.targets import POCKETBASE
from tests.generated import END, generated

_RECORDS = "/api/collections/patterns/records"
_REQUEST = f'{{"method":"POST","url":"{_RECORDS}","body":'
"""How each of a batch begins."""

_OWNER = {"identity": "owner@example.com", "password": "of-a-benchmark-only"}

_TEXTS = [{"name": name, "type": "text"} for name in ("pattern_type", "timestamp", "agent")]
_PATTERNS: dict[str, Any] = {
    "name": "patterns",
    "type": "base",
    "listRule": "",
    "viewRule": "",
    "createRule": "",
    "fields": [
        {
            "name": "id",
            "type": "text",
            "primaryKey": True,
            "required": True,
            "system": True,
            "min": 1,
            "max": 128,
            "pattern": "^[a-zA-Z0-9][a-zA-Z0-9._:@+-]*$",
            "autogeneratePattern": "[a-z0-9]{15}",
        },
        *_TEXTS,
        {"name": "success", "type": "bool"},
        {"name": "duration_ms", "type": "number"},
        *({"name": name, "type": "json"} for name in ("tags", "data", "context")),
    ],
    "indexes": [
        "CREATE INDEX by_type ON patterns (pattern_type, timestamp)",
        "CREATE INDEX by_agent ON patterns (timestamp, agent, success, duration_ms)",
    ],
}
_BY_AGENT: dict[str, Any] = {
    "name": "agents",
    "type": "view",
    "listRule": "",
    "viewQuery": peers.summary_by_agent(END - SPAN, END),
}
_ABSENT = {"agent": "", "success": False, "duration_ms": 0}
"""What PocketBase keeps for values that are not there."""

_SETTINGS = {
    "batch": {"enabled": True, "maxRequests": BATCH, "timeout": 60, "maxBodySize": 0},
    "logs": {"maxDays": 0},
}


class PocketBase(Reader):
    """PocketBase with a collection of patterns, its log off. It syncs as NORMAL does."""

    name = POCKETBASE
    durable = "the last are lost"
    ready = "/api/health"
    single = Posting(_RECORDS)
    batch = Posting(
        "/api/batch",
        "application/json",
        BATCH,
        before=f'{{"requests":[{_REQUEST}',
        between=f"}},{_REQUEST}",
        after="}]}",
    )

    def __init__(self, programs: Path) -> None:
        self._program = programs / "pocketbase"

    def command(self, folder: Path, port: int) -> list[str]:
        data = str(folder / "data")
        serve = [str(self._program), "serve", "--http", f"127.0.0.1:{port}", "--dir", data]
        return [*serve, "--automigrate=0", "--hooksWatch=0"]

    def line(self, pattern: dict[str, Any]) -> str:
        return json.dumps(
            {"id": pattern["pattern_id"], **peers.columns(pattern)}, separators=(",", ":")
        )

    def store(self, kept: KeptStores, patterns: int) -> Path:
        def build(folder: Path) -> None:
            self._create(folder)
            database = closing(sqlite3.connect(folder / "data/data.db"))
            with database as connection, (folder / IDS).open("w") as ids:
                peers.fill(connection, "id", noted(generated(patterns), ids), _ABSENT)

        recipe = inspect.getsource(sys.modules[__name__]) + inspect.getsource(peers)
        return kept.kept(f"pocketbase-{patterns}", recipe, build)

    def by_id(self, pattern_id: str) -> str:
        return f"{_RECORDS}/{pattern_id}"

    def latest(self, question: Latest) -> str:
        assert question.start is not None
        assert question.end is not None
        conditions = (
            f"pattern_type = '{question.pattern_type}'",
            f"timestamp >= '{format_timestamp(question.start)}'",
            f"timestamp <= '{format_timestamp(question.end)}'",
            f"tags ~ '\"{question.tag}\"'",
        )
        asked = {"perPage": LIMIT, "skipTotal": 1, "sort": "-timestamp"}
        return f"{_RECORDS}?{urlencode({**asked, 'filter': ' && '.join(conditions)})}"

    def by_agent(self, start: int, end: int) -> str:
        """A view, which has one span: the same for every question."""
        return "/api/collections/agents/records?skipTotal=1"

    def _create(self, folder: Path) -> None:
        """An empty store with the collections."""
        owner = [str(self._program), "superuser", "upsert", *_OWNER.values()]
        subprocess.run(
            [*owner, "--dir", str(folder / "data")], check=True, stdout=subprocess.DEVNULL
        )
        with self.server(folder) as server:
            server.wait_for(self.ready)
            headers = {"Content-Type": "application/json"}
            for method, path, body in (
                ("POST", "/api/collections/_superusers/auth-with-password", _OWNER),
                ("PATCH", "/api/settings", _SETTINGS),
                ("POST", "/api/collections", _PATTERNS),
                ("POST", "/api/collections", _BY_AGENT),
            ):
                status, answer = server.ask(method, path, json.dumps(body).encode(), headers)
                assert status == 200, answer
                headers.setdefault("Authorization", json.loads(answer).get("token", ""))
