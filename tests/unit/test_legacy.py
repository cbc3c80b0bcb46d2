"""`pattern-store import` of what the first implementation left: its files and its database."""

import asyncio
import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app import cli
from app.metrics import Metrics
from app.storage.registry import StorageOptions, storage_from
from tests.contract.reading import all_changes
from tests.patterns import DATA

DAY = "2025/11/29"
NAME = "task_completion_20251129_100000_abc12345"


def old(pattern_type: str = "task_completion", **members: Any) -> dict[str, Any]:
    """A record as the first implementation wrote it."""
    return {
        "pattern_id": "pat-20251129-100000-001",
        "pattern_type": pattern_type,
        "timestamp": "2025-11-29T10:00:00.123456",
        "data": DATA[pattern_type],
        "context": {"project_name": "checkout"},
        "version": "1.0",
    } | members


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


class Old:
    """A place for old records, and the new store they are imported to."""

    def __init__(self, folder: Path) -> None:
        self.tree = folder / "patterns"
        self.database = folder / "patterns.db"
        self._url = f"sqlite:///{folder}/new.db"
        (self.tree / DAY).mkdir(parents=True)

    def write(self, record: object, name: str = f"{DAY}/{NAME}.json") -> None:
        text = record if isinstance(record, bytes) else json.dumps(record, indent=2).encode()
        path = self.tree / name
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)

    def write_rows(self, *rows: tuple[Any, ...]) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(
                "CREATE TABLE patterns (pattern_id TEXT PRIMARY KEY, pattern_type TEXT, timestamp,"
                " data TEXT, context TEXT, version TEXT, created_at TIMESTAMP)"
            )
            connection.executemany("INSERT INTO patterns VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def run(self, *options: str, source: Path | None = None) -> Result:
        where = str(source or self.tree)
        return CliRunner().invoke(cli.app, ["import", where, "--storage-url", self._url, *options])

    def imported(self, *options: str, source: Path | None = None) -> list[dict[str, Any]]:
        """Import it all; the patterns that are stored then, without what the server adds."""
        done = self.run(*options, source=source)
        assert done.exit_code == 0, done.output
        return self.stored()

    def stored(self) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            storage = storage_from(self._url, StorageOptions(readers=1, metrics=Metrics()))
            await storage.open()
            found = await all_changes(storage)
            await storage.close()
            return [change.content() for change in found if hasattr(change, "content")]

        return asyncio.run(read())


@pytest.fixture
def place(tmp_path: Path) -> Old:
    """A folder for an old tree or database."""
    return Old(tmp_path)


def test_a_tree_of_files_is_imported_whatever_is_compressed_and_its_index_ignored(
    place: Old,
) -> None:
    place.write(old(pattern_id="a"))
    place.write(old(pattern_id="b"), f"{DAY}/error_occurrence_20251129_100001_b.json.gz")
    place.write({"total": 2, "patterns": []}, "index.json")
    assert [pattern["pattern_id"] for pattern in place.imported()] == ["b", "a"]


def test_a_complete_record_comes_back_as_it_was_but_for_its_time_in_utc(place: Old) -> None:
    place.write(record := old())
    assert place.imported() == [record | {"timestamp": "2025-11-29T10:00:00.123456Z"}]


def test_importing_again_stores_nothing_twice(place: Old) -> None:
    place.write(without(old(), "pattern_id"))
    assert place.imported() == place.imported()
    assert "stored 0, duplicates 1" in place.run().stdout


def test_the_collectors_records_call_the_type_type(place: Old) -> None:
    place.write(without(old(type="task_completion"), "pattern_type", "version"))
    (pattern,) = place.imported()
    assert (pattern["pattern_type"], pattern["version"]) == ("task_completion", "1.0")
    assert "type" not in pattern


@pytest.mark.parametrize(
    ("written", "zone", "stored"),
    [
        ("2025-11-29T10:00:00", "UTC", "2025-11-29T10:00:00.000000Z"),
        ("2025-11-29T10:00:00", "Europe/Berlin", "2025-11-29T09:00:00.000000Z"),
        ("2025-07-29T10:00:00", "Europe/Berlin", "2025-07-29T08:00:00.000000Z"),
        ("2025-10-26T02:30:00", "Europe/Berlin", "2025-10-26T00:30:00.000000Z"),
        ("2025-11-29T10:00:00+05:30", "Europe/Berlin", "2025-11-29T04:30:00.000000Z"),
        ("2025-11-29T10:00:00Z", "Europe/Berlin", "2025-11-29T10:00:00.000000Z"),
        (1764410400, "Europe/Berlin", "2025-11-29T10:00:00.000000Z"),
        (1764410400.25, "Europe/Berlin", "2025-11-29T10:00:00.250000Z"),
        (None, "Europe/Berlin", "2025-11-29T09:00:00.000000Z"),
    ],
)
def test_naive_times_are_those_of_the_zone_that_is_named_and_others_say_what_they_are(
    place: Old, written: object, zone: str, stored: str
) -> None:
    place.write(old(timestamp=written))
    (pattern,) = place.imported("--timezone", zone)
    assert pattern["timestamp"] == stored


def test_a_naive_time_in_the_context_is_of_that_zone_too(place: Old) -> None:
    place.write(old(context={"timestamp": "2025-11-29T10:00:00"}))
    (pattern,) = place.imported("--timezone", "Asia/Seoul")
    assert pattern["context"]["timestamp"] == "2025-11-29T01:00:00+00:00"


def test_a_record_without_id_and_time_has_them_from_its_files_name(place: Old) -> None:
    place.write(without(old(), "pattern_id", "timestamp"))
    (pattern,) = place.imported()
    assert pattern["pattern_id"] == NAME
    assert pattern["timestamp"] == "2025-11-29T10:00:00.000000Z"


@pytest.mark.parametrize(
    ("context", "agent"),
    [({"agent": "expert-backend"}, "expert-backend"), ({}, "unknown"), ({"agent": 1}, "unknown")],
)
def test_a_correction_without_agent_has_the_contexts_or_an_unknown_one(
    place: Old, context: dict[str, Any], agent: str
) -> None:
    data = without(DATA["user_correction"], "agent")
    place.write(old("user_correction", data=data, context=context))
    (pattern,) = place.imported()
    assert pattern["data"]["agent"] == agent
    assert pattern["context"] == context


@pytest.mark.parametrize(
    ("member", "written", "read"),
    [
        ("context", None, {}),
        ("version", 1.0, "1.0"),
        ("data", DATA["task_completion"] | {"duration_ms": 2500.0}, {"duration_ms": 2500}),
        ("context", {"tags": None, "user_id": None}, {"user_id": None}),
    ],
)
def test_what_certainly_means_the_same_is_brought_into_form(
    place: Old, member: str, written: Any, read: Any
) -> None:
    place.write(old(**{member: written}))
    (pattern,) = place.imported()
    expected = DATA["task_completion"] | read if member == "data" else read
    assert json.dumps(pattern[member]) == json.dumps(expected)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (old(data=DATA["task_completion"] | {"duration_ms": 2500.5}), "/data/duration_ms: Must be"),
        (old(data=DATA["task_completion"] | {"duration_ms": "2500"}), "/data/duration_ms: Must be"),
        (old(data=DATA["task_completion"] | {"agent": None}), "/data/agent: Required"),
        (old() | {"pattern_type": "other"}, "/pattern_type: Must be one of"),
        (old(timestamp="yesterday"), "/timestamp: Must be an ISO 8601"),
        (old(timestamp=1e300), "/timestamp: Must be a string"),
        (old(pattern_id="a b"), "/pattern_id: "),
        ([old()], "the whole: Must be an object"),
        (b'{"data": ', "The body is not JSON"),
        (b'{"data": {"coverage_percent": NaN}}', "/data/coverage_percent: Must not be NaN"),
    ],
)
def test_what_is_not_certain_is_rejected_by_file_and_pointer_and_the_rest_stored(
    place: Old, record: object, told: str
) -> None:
    bad = f"{DAY}/task_completion_20251129_110000_bad.json"
    place.write(record, bad)
    place.write(old(pattern_id="good"))
    done = place.run()
    assert done.exit_code == 1
    assert f"{place.tree / bad}: {told}" in done.stderr
    assert "received 2, stored 1, duplicates 0, rejected 1" in done.stdout
    assert [pattern["pattern_id"] for pattern in place.stored()] == ["good"]


def test_a_file_that_cannot_be_read_is_named(place: Old) -> None:
    (place.tree / DAY / "damaged.json.gz").write_bytes(gzip.compress(b"{}")[:-4])
    (place.tree / DAY / "nowhere.json").symlink_to("nothing")
    done = place.run()
    assert done.exit_code == 1
    for name in ("damaged.json.gz", "nowhere.json"):
        assert f"{name}: The file cannot be read: " in done.stderr


def test_two_records_under_one_id_are_told_apart(place: Old) -> None:
    place.write(old())
    place.write(old(context={}), f"{DAY}/task_completion_20251129_100000_other.json")
    done = place.run()
    assert "stored 1, duplicates 0, rejected 1" in done.stdout
    assert "other.json: Another pattern is already stored under the id" in done.stderr


def test_a_database_is_imported_row_by_row_in_the_order_of_time(place: Old) -> None:
    data = json.dumps(DATA["task_completion"])
    seconds = 1764410400
    place.write_rows(
        ("b", "task_completion", seconds + 1.5, data, '{"tags": ["x"]}', "1.0", "2025-11-29"),
        ("a", "task_completion", seconds, data, None, None, None),
    )
    found = place.imported(source=place.database)
    times = ["2025-11-29T10:00:00.000000Z", "2025-11-29T10:00:01.500000Z"]
    assert [(each["pattern_id"], each["timestamp"]) for each in found] == list(
        zip("ab", times, strict=True)
    )
    assert [each["context"] for each in found] == [{}, {"tags": ["x"]}]


def test_a_rows_time_may_be_a_text_or_that_of_its_creation(place: Old) -> None:
    data = json.dumps(DATA["task_completion"])
    place.write_rows(
        ("a", "task_completion", "2025-11-29T10:00:00", data, "{}", "1.0", None),
        ("b", "task_completion", None, data, "{}", "1.0", "2025-11-29 10:00:01"),
    )
    found = place.imported("--timezone", "Asia/Seoul", source=place.database)
    assert {each["pattern_id"]: each["timestamp"] for each in found} == {
        "a": "2025-11-29T01:00:00.000000Z",
        "b": "2025-11-29T01:00:01.000000Z",
    }


def test_a_row_that_is_no_pattern_is_rejected_by_its_id_and_pointer(place: Old) -> None:
    place.write_rows(
        ("a", "task_completion", 1, "{", "{}", "1.0", 1),
        ("b", "task_completion", 2, "{}", "{}", "1.0", 2),
    )
    done = place.run(source=place.database)
    assert done.exit_code == 1
    assert f"{place.database}: 'a': /data: The body is not JSON" in done.stderr
    assert f"{place.database}: 'b': /data/task_type: Required" in done.stderr


@pytest.mark.parametrize("other", ["sqlite:///{0}/store.db", "filesystem:///{0}/store"])
def test_a_store_of_this_program_is_no_old_one(place: Old, tmp_path: Path, other: str) -> None:
    async def create() -> None:
        storage = storage_from(other.format(tmp_path), StorageOptions(readers=1))
        await storage.open()
        await storage.ready()
        await storage.close()

    asyncio.run(create())
    done = place.run(source=Path(other.format(tmp_path).partition(":///")[2]))
    assert done.exit_code == 1
    assert "use pattern-store migrate" in done.stderr


def test_a_database_of_something_else_is_told(place: Old) -> None:
    with closing(sqlite3.connect(place.database)) as connection:
        connection.execute("CREATE TABLE cookies (name)")
    done = place.run(source=place.database)
    assert done.exit_code == 1
    assert "no such table: patterns" in done.stderr


def test_a_zone_that_does_not_exist_is_told(place: Old) -> None:
    done = place.run("--timezone", "Middle/Earth")
    assert done.exit_code == 2
    assert "'Middle/Earth' names no time zone" in done.stderr
