"""RAW: SQLite itself under Python, with no HTTP, no checks and nothing of the service."""

import inspect
import itertools
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from app.storage.index import schema
from tests.benchmarks.speed.contestants import LIMIT, Latest
from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.resident import resident
from tests.benchmarks.stores import place

T = TypeVar("T")

BATCH = 1000
_AGENTS = "agents.db"
_TABLES = {
    "patterns": "SELECT * FROM patterns",
    "recent_ids": "SELECT pattern_id, seq FROM patterns",
    "documents": "SELECT * FROM documents",
    "tags": "SELECT * FROM tags",
}
"""What is written, and where it is read."""

_LATEST = (
    "SELECT d.document FROM tags t CROSS JOIN patterns p ON p.seq = t.seq"
    " CROSS JOIN documents d ON d.seq = t.seq"
    " WHERE t.tag = ? AND t.timestamp BETWEEN ? AND ? AND p.pattern_type = ?"
    f" ORDER BY t.timestamp DESC LIMIT {LIMIT}"
)
_RUNS = "SELECT agent, success, duration_ms FROM runs WHERE timestamp BETWEEN ? AND ?"

Rows = dict[str, list[tuple[Any, ...]]]
"""The rows of a few patterns, by table."""


class RawWriting:
    """The rows of a kept store, written again with `executemany`, 1,000 patterns a transaction.

    The tables and indexes are the service's but for full text, in WAL mode, synchronous FULL. All
    ids stay in the one index that they come to.
    """

    def __init__(self, store: Path, target: Path, already: int) -> None:
        """Begin with so many patterns already there."""
        self._store = store
        self._connection = sqlite3.connect(target, isolation_level=None)
        for setting in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL"):
            self._connection.execute(f"PRAGMA {setting}")
        schema.migrate(self._connection)
        self._already = already
        self._batches = self._all_batches()

    def rate(self, seconds: float) -> float:
        """Patterns a second, over so many seconds of writing."""
        taken, written = 0.0, 0
        while taken < seconds:
            rows = self._next()
            started = time.perf_counter()
            self._write(rows)
            taken += time.perf_counter() - started
            written += len(rows["patterns"])
        return written / taken

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def _next(self) -> Rows:
        """The rows of the next patterns; after the last it begins anew, with an empty store."""
        rows = next(self._batches, None)
        if rows is None:
            for table in _TABLES:
                self._connection.execute(f"DELETE FROM {table}")
            self._batches = self._all_batches()
            rows = next(self._batches)
        return rows

    def _all_batches(self) -> Iterator[Rows]:
        with closing(sqlite3.connect(self._store)) as source:
            (last,) = source.execute("SELECT max(seq) FROM patterns").fetchone()
            for after in range(0, last, BATCH):
                rows = {table: _some(source, read, after) for table, read in _TABLES.items()}
                if after + BATCH <= self._already < last:
                    self._write(rows)
                else:
                    yield rows

    def _write(self, rows: Rows) -> None:
        self._connection.execute("BEGIN")
        for table, content in rows.items():
            places = ", ".join("?" * len(content[0]))
            self._connection.executemany(f"INSERT INTO {table} VALUES ({places})", content)
        self._connection.execute("COMMIT")


def _some(source: sqlite3.Connection, read: str, after: int) -> list[tuple[Any, ...]]:
    return source.execute(f"{read} WHERE seq > ? AND seq <= ?", (after, after + BATCH)).fetchall()


class RawReading:
    """The questions of W4 and W5, answered by SQL."""

    def __init__(self, store: Path, agents: Path) -> None:
        self._folders = store.parent, agents.parent
        self._store = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
        self._agents = sqlite3.connect(f"{agents.as_uri()}?mode=ro", uri=True)

    def latest(self, questions: Sequence[Latest], seconds: float) -> float:
        """The median time of a question, in seconds."""

        def ask(question: Latest) -> None:
            asked = (question.tag, question.start, question.end, question.pattern_type)
            self._store.execute(_LATEST, asked).fetchall()

        with resident(self._folders[0]):
            return _median_time(ask, questions, seconds)

    def by_agent(self, spans: Sequence[tuple[int, int]], seconds: float) -> float:
        """The median time of summing up a span, in seconds."""

        def ask(span: tuple[int, int]) -> None:
            durations = defaultdict(list)
            successes: defaultdict[str, int] = defaultdict(int)
            for agent, success, duration in self._agents.execute(_RUNS, span):
                durations[agent].append(duration)
                successes[agent] += success
            for agent, taken in durations.items():
                taken.sort()
                _ = successes[agent] / len(taken), median(taken), taken[len(taken) * 95 // 100]

        with resident(self._folders[1]):
            return _median_time(ask, spans, seconds)

    def close(self) -> None:
        """Disconnect."""
        self._store.close()
        self._agents.close()


def agents_of(store: Path, kept: KeptStores, patterns: int) -> Path:
    """What W5 reads: an index that has all it needs, of the patterns in a store; kept."""

    def build(folder: Path) -> None:
        with closing(sqlite3.connect(folder / _AGENTS)) as connection:
            connection.execute("ATTACH ? AS store", (str(place(store, "sqlite")),))
            connection.execute("CREATE TABLE runs (timestamp, agent, success, duration_ms)")
            connection.execute(
                "INSERT INTO runs SELECT timestamp, agent, success, duration_ms"
                " FROM store.patterns WHERE agent IS NOT NULL AND duration_ms IS NOT NULL"
            )
            connection.execute(
                "CREATE INDEX covering ON runs (timestamp, agent, success, duration_ms)"
            )
            connection.commit()

    return kept.kept(f"agents-{patterns}", inspect.getsource(agents_of), build) / _AGENTS


def _median_time(ask: Callable[[T], None], questions: Sequence[T], seconds: float) -> float:
    """The median time of a question, all asked in turn for so many seconds."""
    taken: list[float] = []
    remaining = itertools.cycle(questions)
    deadline = time.perf_counter() + seconds
    while (started := time.perf_counter()) < deadline:
        ask(next(remaining))
        taken.append(time.perf_counter() - started)
    return median(taken)
