"""`pattern-store backup` and `restore`: a whole store in a file, and a store from it."""

import asyncio
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event

import httpx
import pytest
import zstandard

from app.schemas.records import record_of
from app.schemas.timestamps import SECOND, now, parse_timestamp
from app.storage.base import Change, Outcome, Summary
from app.storage.learned import Decision
from tests.api.commands import environment, failed, pattern_store, succeeded
from tests.api.damage import overwrite_page
from tests.conftest import BACKENDS
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, all_decisions, findings
from tests.disks import mount, small_disk, unmount
from tests.generated import generated
from tests.histories import PATTERNS, make_history
from tests.live import live_service
from tests.patterns import ndjson, pattern
from tests.records import NOON

BACKUP = "backup.db.zst"


def url_in(folder: Path, backend: str) -> str:
    """A place for a store in a folder."""
    return BACKENDS[backend].format(folder=folder)


def back_up(folder: Path, url: str, name: str = BACKUP) -> str:
    return succeeded(pattern_store(folder, "backup", name, "--storage-url", url))


def restore(folder: Path, url: str, name: str = BACKUP) -> str:
    return succeeded(pattern_store(folder, "restore", name, "--storage-url", url))


def contents(url: str) -> tuple[list[Change | Decision], Summary]:
    """All that a store holds, the bytes that it takes apart."""

    async def read() -> tuple[list[Change | Decision], Summary]:
        place = Store(url)
        storage = await place.open()
        changes, decisions = await all_changes(storage, deletes=True), await all_decisions(storage)
        found = [*changes, *decisions], await storage.summary(NOON)
        assert await findings(storage) == []
        await place.close()
        return found

    changes, summary = asyncio.run(read())
    return changes, replace(summary, stored_bytes=0, document_bytes=0)


@pytest.fixture(scope="module", params=BACKENDS)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a store with a history, beside which there is a backup of it."""
    folder = tmp_path_factory.mktemp("source")
    place = Store(url_in(folder, request.param))

    async def fill() -> None:
        await make_history(await place.open())
        await place.close()

    asyncio.run(fill())
    back_up(folder, place.url)
    return place.url


@pytest.fixture
def backup(source: str) -> Path:
    """The backup of that store."""
    return Path(source.partition(":///")[2]).with_name(BACKUP)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with a store of 200 patterns and a backup of it."""
    lines = ndjson([pattern(pattern_id=f"p{n}", x=f"mark{n:04}" * 50) for n in range(200)])
    succeeded(pattern_store(tmp_path, "import", "-", given=lines))
    back_up(tmp_path, url_in(tmp_path, "sqlite"))
    return tmp_path


@pytest.mark.parametrize("target", BACKENDS)
def test_a_restored_store_is_the_one_that_was_backed_up(
    source: str, backup: Path, target: str, tmp_path: Path
) -> None:
    restored = url_in(tmp_path, target)
    assert restore(tmp_path, restored, str(backup)) == f"{restored}: 1921 patterns at seq 2231\n"
    assert contents(restored) == contents(source)
    exports = [
        pattern_store(tmp_path, "export", "--storage-url", url) for url in (source, restored)
    ]
    assert succeeded(exports[0]) == succeeded(exports[1])
    assert sorted(os.listdir(tmp_path)) == sorted(
        {path.name for path in tmp_path.glob("patterns*")}
    )


@pytest.mark.parametrize("target", BACKENDS)
async def test_a_restored_store_goes_on_where_the_other_was(
    backup: Path, target: str, tmp_path: Path
) -> None:
    place = Store(url_in(tmp_path, target))
    await asyncio.to_thread(restore_by_process, backup, place.url)
    storage = await place.open()
    last_seq = (await storage.summary(NOON)).last_seq
    posted = [*generated(PATTERNS)]
    for number in (3, 4, 23):  # changed since they were posted
        at = parse_timestamp(posted[number]["timestamp"]) + 5 * SECOND
        again = record_of(posted[number], pattern_id=posted[number]["pattern_id"], at=at)
        retried = await storage.insert(again)
        assert retried.outcome is Outcome.DUPLICATE
        assert retried.stored.revision > 1
    new = record_of(pattern(), pattern_id="new", at=NOON)
    assert (await storage.insert(new)).stored.seq == last_seq + 1
    assert await storage.purge_tombstones(now() - 3600 * SECOND) == 0
    assert await storage.purge_tombstones(now()) == 40
    await place.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backup_beside_writers_holds_what_was_acknowledged_and_is_of_one_seq(
    tmp_path: Path, backend: str
) -> None:
    source, restored = url_in(tmp_path, backend), f"sqlite:///{tmp_path}/restored.db"
    stopped = Event()
    with (
        live_service(tmp_path, PATTERNS_STORAGE_URL=source) as service,
        ThreadPoolExecutor() as threads,
        httpx.Client(base_url=service.url) as client,
    ):

        def post(worker: int) -> int:
            for number in itertools.count():
                posted = pattern(pattern_id=f"{worker}.{number}", x="y" * 2000)
                assert client.post("/v1/patterns", json=posted).status_code == 201
                if stopped.is_set():
                    return number
            return 0

        many = ndjson([pattern(pattern_id=f"old{n}", x="z" * 2000) for n in range(3000)])
        headers = {"Content-Type": "application/x-ndjson"}
        client.post("/v1/patterns/batch", content=many, headers=headers)
        writers = [threads.submit(post, worker) for worker in range(3)]
        acknowledged = client.get("/v1/export").text.splitlines()
        said = back_up(tmp_path, source)
        stopped.set()
        assert sum(writer.result() for writer in writers) > 0
        lines = client.get("/v1/export").text.splitlines()
    seq = int(said.split("at seq ")[1].split(",")[0])
    restore(tmp_path, restored)
    in_backup = succeeded(pattern_store(tmp_path, "export", "--storage-url", restored)).splitlines()
    assert in_backup == [line for line in lines if json.loads(line)["stored"]["seq"] <= seq]
    assert in_backup[: len(acknowledged)] == acknowledged
    assert len(acknowledged) >= 3000
    assert len(in_backup) < len(lines)
    assert f": {len(in_backup)} patterns at seq {len(in_backup)}, " in said
    checked = pattern_store(tmp_path, "check", "--storage-url", restored)
    assert succeeded(checked) == f"{len(in_backup)} patterns, no problems found\n"


def test_a_backup_tells_its_seq_its_patterns_and_its_size(small: Path) -> None:
    said = back_up(small, url_in(small, "sqlite"), "other.db.zst")
    size = (small / "other.db.zst").stat().st_size
    assert said == f"other.db.zst: 200 patterns at seq 200, {size} bytes\n"


def test_a_backup_unpacked_is_a_store(backup: Path, source: str, tmp_path: Path) -> None:
    with backup.open("rb") as packed, (tmp_path / "plain.db").open("wb") as plain:
        zstandard.ZstdDecompressor().copy_stream(packed, plain)
    assert contents(f"sqlite:///{tmp_path}/plain.db") == contents(source)


def test_a_file_that_is_there_is_not_written_over(small: Path) -> None:
    (small / "taken").write_text("mine")
    (small / "link").symlink_to("nowhere")
    for name in ("taken", "link", "."):
        assert "is there already" in failed(pattern_store(small, "backup", name))
    assert (small / "taken").read_text() == "mine"
    assert not (small / "nowhere").exists()


def test_a_store_that_is_not_there_is_not_backed_up(tmp_path: Path) -> None:
    assert "there is no store at" in failed(pattern_store(tmp_path, "backup", BACKUP))
    assert not list(tmp_path.iterdir())


def test_a_damaged_store_is_not_backed_up_as_if_it_were_sound(small: Path) -> None:
    overwrite_page(small / "patterns.db", b"mark0100")
    said = failed(pattern_store(small, "backup", "other.db.zst"))
    assert "other.db.zst was not written" in said
    assert not [name for name in os.listdir(small) if "other" in name]


@pytest.mark.parametrize("there", ["patterns.db", "patterns.db-wal", "patterns.db-journal"])
def test_nothing_is_restored_over_a_database_or_the_log_of_one(small: Path, there: str) -> None:
    folder = small / "target"
    folder.mkdir()
    (folder / there).write_bytes(b"theirs")
    said = failed(pattern_store(folder, "restore", f"../{BACKUP}"))
    assert f"{folder}/{there} is there already" in said
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {there: b"theirs"}


def test_nothing_is_restored_into_a_folder_that_holds_anything(small: Path) -> None:
    url = f"filesystem:///{small}/tree"
    (small / "tree").mkdir()
    (small / "tree" / "note.txt").write_text("mine")
    said = failed(pattern_store(small, "restore", BACKUP, "--storage-url", url))
    assert f"{small}/tree is there already, and not an empty folder" in said
    assert os.listdir(small / "tree") == ["note.txt"]
    (small / "tree" / "note.txt").unlink()
    restore(small, url)
    assert (small / "tree" / "store.json").exists()


def test_a_folder_that_is_a_disk_is_told_before_anything_is_done(small: Path) -> None:
    (small / "disk").mkdir()
    mount("-t", "tmpfs", "none", small / "disk")
    try:
        url = f"filesystem:///{small}/disk"
        said = failed(pattern_store(small, "restore", BACKUP, "--storage-url", url))
    finally:
        unmount(small / "disk")
    assert "name a folder on that disk" in said


@pytest.mark.parametrize("target", BACKENDS)
def test_a_backup_that_is_cut_or_damaged_anywhere_restores_nothing(
    small: Path, target: str
) -> None:
    whole = (small / BACKUP).read_bytes()
    places = range(0, len(whole), len(whole) // 12)
    cut = [whole[:place] for place in [*places, len(whole) - 1]]
    flipped = [_flipped(whole, place) for place in [*places[1:], len(whole) - 1]]
    flipped = [each for each in flipped if _content(each) != _content(whole)]
    folder = small / "target"
    folder.mkdir()
    for damaged in [*cut, *flipped, whole + b"more"]:
        (small / "damaged").write_bytes(damaged)
        url = url_in(folder, target)
        said = failed(pattern_store(small, "restore", "damaged", "--storage-url", url))
        assert "damaged" in said
        assert not list(folder.iterdir())


def _content(frame: bytes) -> bytes | None:
    """What is in a Zstandard frame, whose decoders pass over some of its bits; None if damaged."""
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    try:
        content = decompressor.decompress(frame)
    except zstandard.ZstdError:
        return None
    return content if decompressor.eof else None


def _flipped(whole: bytes, place: int) -> bytes:
    return whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :]


def test_what_is_no_backup_restores_nothing(small: Path) -> None:
    with closing(sqlite3.connect(small / "theirs.db")) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    folder = small / "target"
    folder.mkdir()
    pack = zstandard.ZstdCompressor(write_checksum=True).compress
    for content in (
        b"a text",
        pack(b""),
        pack(b"a text"),
        pack((small / "theirs.db").read_bytes()),
    ):
        (small / "other").write_bytes(content)
        said = failed(pattern_store(folder, "restore", "../other"))
        assert "not a backup" in said
        assert not list(folder.iterdir())
    assert "No such file" in failed(pattern_store(folder, "restore", "../none"))
    assert not list(folder.iterdir())


def test_a_backup_of_a_later_version_says_so(small: Path) -> None:
    with closing(sqlite3.connect(small / "patterns.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    plain = (small / "patterns.db").read_bytes()
    pack = zstandard.ZstdCompressor(write_checksum=True).compress
    (small / "later").write_bytes(pack(plain))
    folder = small / "target"
    folder.mkdir()
    said = failed(pattern_store(folder, "restore", "../later"))
    assert "has schema version 99" in said
    assert "upgrade Pattern Store" in said
    assert not list(folder.iterdir())


INTERRUPTED = """
import importlib, os, sys
from app import cli

module, name, number = sys.argv[1:4]
del sys.argv[1:4]
owner = importlib.import_module(module)
work = getattr(owner, name)

def interrupted(*arguments):
    os.kill(os.getpid(), int(number))
    return work(*arguments)

setattr(owner, name, interrupted)
cli.app()
"""
"""The command, which is sent a signal when it does a certain thing."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("app.backup damage", ["backup", "new.db.zst"]),
        ("app.backup _pour", ["backup", "new.db.zst"]),
        ("app.backup _pour", ["restore", BACKUP, "--storage-url", "sqlite:///new.db"]),
        ("app.backup _contents", ["restore", BACKUP, "--storage-url", "filesystem:///new"]),
        (
            "app.storage.filesystem.building _steps",
            ["restore", BACKUP, "--storage-url", "filesystem:///new"],
        ),
    ],
)
def test_an_interrupted_command_leaves_nothing(
    small: Path, number: signal.Signals, moment: str, words: list[str]
) -> None:
    before = os.listdir(small)
    interrupted(small, number, moment, words)
    left = {name for name in os.listdir(small) if name not in before}
    assert left <= {"patterns.db-shm", "patterns.db-wal"}, "but for what any reader leaves"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_command_interrupted_when_all_is_done_leaves_a_whole_backup(
    small: Path, number: signal.Signals
) -> None:
    interrupted(small, number, "app.backup put_in_place", ["backup", "new.db.zst"])
    restored = f"sqlite:///{small}/restored.db"
    assert restore(small, restored, "new.db.zst") == f"{restored}: 200 patterns at seq 200\n"


def interrupted(folder: Path, number: signal.Signals, moment: str, words: list[str]) -> None:
    """Run a command that is sent a signal at a moment, and see that it says how it ended."""
    program = [sys.executable, "-c", INTERRUPTED, *moment.split(), str(int(number)), *words]
    ended = subprocess.run(
        program, cwd=folder, env=environment(folder), capture_output=True, check=False, text=True
    )
    assert ended.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number], ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with little room."""
    with small_disk(tmp_path / "disk", "256k"):
        yield tmp_path / "disk"


@pytest.mark.parametrize(
    "words",
    [
        ["backup", "disk/new.db.zst"],
        ["restore", BACKUP, "--storage-url", "sqlite:///disk/new.db"],
        ["restore", BACKUP, "--storage-url", "filesystem:///disk/new"],
    ],
    ids=lambda words: f"{words[0]} {words[-1]}",
)
def test_a_full_disk_is_told_and_left_as_it_was(small: Path, disk: Path, words: list[str]) -> None:
    said = failed(pattern_store(small, *words))
    assert f"disk/new{'.db' if 'system' not in words[-1] else ''}" in said
    assert "was not " in said
    assert "No space left on device" in said or "Make room on the disk" in said
    assert not list(disk.iterdir())


def restore_by_process(backup: Path, url: str) -> None:
    command = [sys.executable, "-m", "app", "restore", str(backup), "--storage-url", url]
    subprocess.run(command, env=environment(backup.parent), check=True, capture_output=True)
