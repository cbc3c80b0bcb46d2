"""Stores that earlier releases have left open with this one, and hold what they held.

`tests/released` has, for each version of the schema, `schema-N.tar.xz`: `patterns.db` and
`patterns`, a store of either backend, and `schema-N.ndjson.gz`: what that release's
`pattern-store export --deletes` wrote of either, the same lines. They were made in a checkout
of the last commit of each version, by its own code. For a new version, likewise: into an empty
store of each backend goes what `make_history` of `tests/histories.py` makes with `PATTERNS`
set to 165 (updates, forgotten and remembered deletions, an id that came back, compressed
documents, packed days), then five patterns more: one of each type with odd contents (`odd…`:
letters of many scripts, large numbers, times of year 1 and of the far future, unknown members,
empty tags), and `kept`, with a preserved provenance whose `seq` is 500. Past periods are
summarised, errors and corrections learned where the version knows that, and some ids merged into
the large index where there are two; the store is closed, and its lock file, `-wal` and `-shm` are
left out.
"""

import asyncio
import gzip
import json
import sqlite3
import tarfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from app.learning.corrections.hunks import VERSION
from app.schemas.filters import Filters, Order
from app.schemas.timestamps import day_of, parse_timestamp
from app.service.correction_learner import CorrectionLearner
from app.service.export import export_lines
from app.service.feed import Feed
from app.service.learner import Learner
from app.storage.base import Changes, Storage
from app.storage.index.schema import MIGRATIONS, migrate
from app.storage.learned import GroupOrder
from tests.api.commands import pattern_store, succeeded
from tests.conftest import BACKENDS
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, all_decisions, findings, paged_ids
from tests.durations import assert_agrees
from tests.generated import END
from tests.oracle import Question, found_by
from tests.questions import filters_of
from tests.records import record

RELEASED = Path(__file__).parents[1] / "released"
VERSIONS = range(1, len(MIGRATIONS) + 1)
QUESTIONS: list[Question] = [
    {},
    {"tags": ["flaky", "python"]},
    {"agent": "reviewer"},
    {"q": "rounded"},
    {"q": "漢字"},
    {"pattern_type": ["error_occurrence"], "start_date": "2025-12-01", "end_date": "2025-12-20"},
]


class Left:
    """The store of a backend that a version has left, and its lines."""

    def __init__(self, backend: str, version: int, folder: Path) -> None:
        with tarfile.open(RELEASED / f"schema-{version}.tar.xz") as archive:
            archive.extractall(folder, filter="data")
        self.version = version
        self.lines = gzip.decompress((RELEASED / f"schema-{version}.ndjson.gz").read_bytes())
        self.store = Store(BACKENDS[backend].format(folder=folder))
        database = "patterns.db" if backend == "sqlite" else "patterns/.index/index.db"
        self.database = folder / database

    @property
    def patterns(self) -> list[dict[str, Any]]:
        """Those of the lines that are not of deletions."""
        entries = [json.loads(line) for line in self.lines.splitlines()]
        return [entry for entry in entries if "deleted" not in entry]


@pytest.fixture(params=[(backend, version) for backend in BACKENDS for version in VERSIONS])
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Left:
    backend, version = request.param
    return Left(backend, version, tmp_path)


async def lines_of(storage: Storage) -> bytes:
    return export_lines(Changes(await all_changes(storage, deletes=True), 0))


def version_of(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return version


def tables_of(database: Path) -> list[tuple[str, str, str | None]]:
    """The definitions of the tables, indexes, views and triggers."""
    with closing(sqlite3.connect(database)) as connection:
        statement = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_stores_are_of_the_version_they_are_named_after(version: int, tmp_path: Path) -> None:
    for backend in BACKENDS:
        assert version_of(Left(backend, version, tmp_path).database) == version


async def test_a_store_of_an_earlier_version_migrates_at_start_and_has_everything_unchanged(
    left: Left,
) -> None:
    storage = await left.store.open()
    assert await lines_of(storage) == left.lines
    assert await findings(storage) == []
    await left.store.close()
    assert version_of(left.database) == len(MIGRATIONS)
    assert await lines_of(await left.store.open()) == left.lines
    await left.store.close()


async def test_its_tables_become_those_of_a_new_store(left: Left, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    url = left.store.url.replace(str(tmp_path), str(new))
    for store in (left.store, Store(url)):
        await store.open()
        await store.close()
    assert tables_of(left.database) == tables_of(new / left.database.relative_to(tmp_path))


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_the_index_of_ids_of_earlier_versions_stays_where_sqlite_lets_no_schema_be_edited(
    version: int, tmp_path: Path
) -> None:
    left = Left("sqlite", version, tmp_path)
    with closing(sqlite3.connect(left.database, isolation_level=None)) as connection:
        connection.set_authorizer(lambda _, name, *others: 2 * (name == "writable_schema"))
        migrate(connection)
    assert version_of(left.database) == len(MIGRATIONS)
    index = ("index", "sqlite_autoindex_patterns_1", None)
    assert index in tables_of(left.database)
    storage = await left.store.open()
    assert index not in tables_of(left.database)
    assert await findings(storage) == []
    await left.store.close()


async def test_its_patterns_are_found_counted_and_summed_up(left: Left) -> None:
    storage, patterns = await left.store.open(), left.patterns
    for _ in range(2):
        for question in QUESTIONS:
            filters = filters_of(question)
            found = found_by(question, patterns)
            assert await paged_ids(storage, filters, order=Order.OLDEST) == found
            assert sum((await storage.count(filters)).by_type.values()) == len(found) > 0
            assert_agrees(await storage.agents(filters), patterns, question)
        async for _ in storage.summarise(END):  # and once more with summaries
            pass
    summary = await storage.summary(END)
    days = Counter(
        (day_of(parse_timestamp(pattern["timestamp"])), pattern["pattern_type"])
        for pattern in patterns
    )
    assert {(tally.day, tally.pattern_type): tally.patterns for tally in summary.days} == days
    assert (summary.last_seq, summary.purged_seq) == (500, 169)
    await left.store.close()


async def test_its_errors_are_learned_and_its_decisions_are_kept(left: Left) -> None:
    storage = await left.store.open()
    feed = Feed(storage, [Learner(storage)])
    feed.start()
    await feed.caught_up(60)
    page = await storage.groups(Filters(), order=GroupOrder.RECENT, limit=1000)
    errors = [each for each in left.patterns if each["pattern_type"] == "error_occurrence"]
    assert sum(group.count for group in page.groups) == len(errors) > 0
    decisions = await all_decisions(storage)
    # Where fingerprints have become others, what was decided is passed on to groups of other names.
    made = ["merge", "outcome", "undo"]
    expected = {3: [*made, "inherit"], 4: made, 5: made}
    assert [each.kind for each in decisions] == expected.get(left.version, [])
    assert await findings(storage) == []
    await feed.stop()
    await left.store.close()


async def test_its_corrections_are_learned(left: Left) -> None:
    storage = await left.store.open()
    told = [each for each in left.patterns if each["pattern_type"] == "user_correction"]
    before = await storage.learned_corrections(after=0, limit=1000)
    assert len(before) == (len(told) if left.version >= 5 else 0)
    await CorrectionLearner(storage).begin()
    learned = await storage.learned_corrections(after=0, limit=1000)
    assert {each.pattern_id for each in learned} == {each["pattern_id"] for each in told}
    assert await storage.corrections_learned_by() == VERSION
    assert await findings(storage) == []
    await left.store.close()


async def test_it_goes_on_and_is_compressed_further(left: Left) -> None:
    storage = await left.store.open()
    assert (await storage.insert(record("new"))).stored.seq == 501
    async for _ in storage.compress(END):
        pass
    await storage.delete_many([501])
    before = left.lines + b'{"pattern_id":"new","deleted":true,"seq":502}\n'
    assert await lines_of(storage) == before
    assert await findings(storage) == []
    await left.store.close()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("target", BACKENDS)
def test_a_backup_of_an_earlier_version_is_restored(
    version: int, target: str, tmp_path: Path
) -> None:
    left = Left("sqlite", version, tmp_path)
    packed = zstandard.ZstdCompressor(write_checksum=True).compress(left.database.read_bytes())
    (tmp_path / "backup.zst").write_bytes(packed)
    (tmp_path / "target").mkdir()
    place = Store(BACKENDS[target].format(folder=tmp_path / "target"))
    said = succeeded(pattern_store(tmp_path, "restore", "backup.zst", "--storage-url", place.url))
    assert said.endswith(f": {len(left.patterns)} patterns at seq 500\n")

    async def read() -> bytes:
        storage = await place.open()
        assert await findings(storage) == []
        lines = await lines_of(storage)
        await place.close()
        return lines

    assert asyncio.run(read()) == left.lines


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_store_of_an_earlier_version_is_backed_up_before_it_is_migrated(
    version: int, backend: str, tmp_path: Path
) -> None:
    left = Left(backend, version, tmp_path)
    succeeded(pattern_store(tmp_path, "backup", "b.zst", "--storage-url", left.store.url))
    assert version_of(left.database) == version
    copy = f"sqlite:///{tmp_path}/copy.db"
    succeeded(pattern_store(tmp_path, "restore", "b.zst", "--storage-url", copy))
    exported = pattern_store(tmp_path, "export", "--deletes", "--storage-url", copy)
    assert succeeded(exported).encode() == left.lines
