"""Who is measured, and how each is asked for the same."""

import json
import re
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from app.schemas.timestamps import DAY, format_timestamp
from tests.benchmarks import stores
from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.load import Posting
from tests.benchmarks.speed.processes import Server, free_port
from tests.benchmarks.speed.targets import FILES, FULL, NORMAL, REF, REF_IN_THREAD

ROOT = Path(__file__).parents[3]
"""The checkout that is measured."""

_LEARNED = (
    ("/v1/errors/resolve", b'{"error_type": "E", "error_message": "e"}'),
    ("/v1/corrections/search", b'{"output": "o"}'),
)
"""What the service answers once it has read what was learned; a 503 until then."""

_BEHIND = re.compile(rb"^pattern_store_learning_seconds_behind\{.*\} (?!0\.0$)", re.MULTILINE)
"""What its metrics say while it has not learned all that was written."""

_JSON = {"Content-Type": "application/json"}
_POLL_SECONDS = 0.1

LIMIT = 50
BATCH = 1000
SPAN = 7 * DAY


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest 50 of a type with a tag, in the 7 days up to a time if there is one."""

    pattern_type: str
    tag: str
    end: int | None

    @property
    def start(self) -> int | None:
        """When the 7 days begin."""
        return None if self.end is None else self.end - SPAN


class Contestant(ABC):
    """A server that patterns can be posted to. Times are in microseconds since the epoch."""

    name: str
    durable: str
    """What becomes of the POSTs it has answered when the power fails."""

    ready: ClassVar[str]
    """A path that is answered with 200 once the server can be used."""

    single: Posting
    batch: ClassVar[Posting | None] = None

    begins_empty: ClassVar[bool] = False
    """Whether it starts where there is no store yet."""

    def store(self, kept: KeptStores, patterns: int) -> Path | None:
        """The folder of its kept store of so many patterns, None if it stores nothing."""
        return None

    @abstractmethod
    def command(self, folder: Path, port: int) -> list[str]:
        """What runs it on the store in a folder."""

    def environment(self, folder: Path) -> dict[str, str]:
        """The environment variables to run it with."""
        return {"PYTHONPATH": str(ROOT)}

    def server(self, folder: Path) -> Server:
        """The server, started; it may not answer yet."""
        port = free_port()
        command, environment = self.command(folder, port), self.environment(folder)
        return Server(command, environment, port, folder / f"server-{port}.log")

    def settle(self, server: Server) -> None:  # noqa: B027 - most have nothing to do
        """Wait until a server that can be used has learned all that was written."""

    def line(self, pattern: dict[str, Any]) -> str:
        """A pattern as it is posted."""
        return json.dumps(pattern, separators=(",", ":"))


class Reference(Contestant):
    """REF; one whose route is a plain `def` runs it in a thread, which costs more."""

    durable = "none is kept"
    ready = "/ready"
    begins_empty = True

    def __init__(self, *, in_thread: bool = False) -> None:
        self.name = REF_IN_THREAD if in_thread else REF
        self.single = Posting("/patterns/in-thread" if in_thread else "/patterns")

    def command(self, folder: Path, port: int) -> list[str]:
        uvicorn = [sys.executable, "-m", "uvicorn", "tests.benchmarks.speed.reference:app"]
        options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
        return [*uvicorn, "--port", str(port), *options]


class Reader(Contestant):
    """One that finds patterns again."""

    @abstractmethod
    def store(self, kept: KeptStores, patterns: int) -> Path: ...

    @abstractmethod
    def by_id(self, pattern_id: str) -> str:
        """The path of one pattern."""

    @abstractmethod
    def latest(self, question: Latest) -> str:
        """The path of a page of patterns, without their number."""

    @abstractmethod
    def by_agent(self, start: int, end: int) -> str:
        """The path of the success rate and the median and 95th percentile of the duration."""


_NAMES = {"full": FULL, "normal": NORMAL}


class Service(Reader):
    """This service, as `pattern-store serve` runs it, but for tasks that would change the store.

    Its access log is off, as REF's is.
    """

    ready = "/readyz"
    begins_empty = True
    single = Posting("/v1/patterns")
    batch = Posting("/v1/patterns/batch", "application/x-ndjson", BATCH, between="\n", after="\n")

    def __init__(self, backend: str = "sqlite", synchronous: str = "full") -> None:
        self.name = FILES if backend == "filesystem" else _NAMES[synchronous]
        self.durable = "all are kept" if synchronous == "full" else "the last are lost"
        self._backend = backend
        self._synchronous = synchronous

    def store(self, kept: KeptStores, patterns: int) -> Path:
        return kept.of_service(self._backend, patterns)

    def command(self, folder: Path, port: int) -> list[str]:
        return [sys.executable, "-m", "app", "serve", "--port", str(port)]

    def environment(self, folder: Path) -> dict[str, str]:
        return super().environment(folder) | {
            "PATTERNS_STORAGE_URL": stores.url(folder, self._backend),
            "PATTERNS_SYNCHRONOUS": self._synchronous,
            "PATTERNS_ACCESS_LOG": "false",
            "PATTERNS_RETENTION_DAYS": "0",  # all that was generated would be due
            "PATTERNS_RETENTION_INTERVAL_SECONDS": "0",
            "PATTERNS_COMPRESSION_INTERVAL_SECONDS": "0",
        }

    def settle(self, server: Server) -> None:
        for path, question in _LEARNED:
            while server.ask("POST", path, question, _JSON)[0] == HTTPStatus.SERVICE_UNAVAILABLE:
                time.sleep(_POLL_SECONDS)
        while _BEHIND.search(server.get("/metrics")[1]):
            time.sleep(_POLL_SECONDS)

    def by_id(self, pattern_id: str) -> str:
        return f"/v1/patterns/{pattern_id}"

    def latest(self, question: Latest) -> str:
        asked: dict[str, Any] = {"pattern_type": question.pattern_type, "tags": question.tag}
        if question.start is not None and question.end is not None:
            asked |= _between(question.start, question.end)
        return f"/v1/patterns?{urlencode({**asked, 'limit': LIMIT})}"

    def by_agent(self, start: int, end: int) -> str:
        return f"/v1/stats/agents?{urlencode(_between(start, end))}"


def _between(start: int, end: int) -> dict[str, str]:
    return {"start_date": format_timestamp(start), "end_date": format_timestamp(end)}
