"""What a person sees in the folder of a store."""

import gzip
import json
import subprocess
import uuid
from pathlib import Path

import httpx

from app.schemas.timestamps import DAY, format_timestamp
from app.storage.filesystem import FilesystemStorage
from tests.contract.reading import delete, findings
from tests.filesystem.conftest import content_of, files_in
from tests.patterns import pattern
from tests.records import NOON, record


async def test_a_file_is_named_by_day_type_time_and_id(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many(
        [
            record("a.b:c@d+e-f", timestamp="2025-11-29T10:00:00.999999Z"),
            record("e", "error_occurrence", timestamp="0099-01-02T03:04:05Z"),
            record("late", timestamp="9999-12-31T23:59:59.999999Z"),
        ]
    )
    assert files_in(root) == [
        "0099/01/02/error_occurrence_00990102_030405_e.json",
        "2025/11/29/task_completion_20251129_100000_a.b:c@d+e-f.json",
        "9999/12/31/task_completion_99991231_235959_late.json",
    ]
    assert await findings(storage) == []


async def test_an_id_of_any_length_has_a_file(storage: FilesystemStorage, root: Path) -> None:
    await storage.insert(record("x" * 128))
    assert len(files_in(root)) == 1


async def test_a_file_holds_the_pattern_as_the_api_returns_it_and_can_be_read(
    client: httpx.AsyncClient, root: Path
) -> None:
    sent = pattern(
        "error_occurrence",
        pattern_id="a",
        timestamp="2026-01-02T03:04:05.678Z",
        data={"error_message": 'héllo "日本" 😀\n\u2028', "resolution": None},
        context={"tags": ["x"], "metadata": {"big": 10**30, "float": 1.5, "none": None}},
        extra=[1, 2.0, {"deep": []}],
    )
    await client.post("/v1/patterns", json=sent)
    await client.patch("/v1/patterns/a", json={"data": {"resolution": "restart"}})
    (path,) = files_in(root)
    text = (root / path).read_text(encoding="utf-8")
    got = await client.get("/v1/patterns/a")
    assert json.loads(text) == got.json()
    assert [*json.loads(text)] == [*got.json()]
    assert text == json.dumps(got.json(), indent=2, ensure_ascii=False) + "\n"
    assert got.json()["stored"]["revision"] == 2


async def test_a_store_has_a_file_with_its_id_and_the_numbers_it_has_reserved(
    storage: FilesystemStorage, root: Path
) -> None:
    before = content_of(root / "store.json")
    assert before.keys() == {"format", "store_id", "reserved_seq", "purged_seq", "closed"}
    assert before["format"] == 1
    uuid.UUID(before["store_id"])
    insertion = await storage.insert(record("a"))
    after = content_of(root / "store.json")
    assert after["store_id"] == before["store_id"]
    assert after["reserved_seq"] >= insertion.stored.seq


async def test_deleting_leaves_a_line_among_the_tombstones_and_no_empty_folders(
    storage: FilesystemStorage, root: Path
) -> None:
    await storage.insert_many([record("a"), record("b", timestamp="2026-01-14T00:00:00Z")])
    await delete(storage, "b")
    assert [path.name for path in (root / "2026" / "01").iterdir()] == ["15"]
    await delete(storage, "a")
    assert not (root / "2026").exists()
    lines = (root / "tombstones.ndjson").read_text().splitlines()
    told = [(json.loads(line)["pattern_id"], json.loads(line)["seq"]) for line in lines]
    assert told == [("b", 3), ("a", 4)]


async def test_an_archive_is_printed_by_zcat_as_json_lines_in_the_order_of_time(
    storage: FilesystemStorage, root: Path
) -> None:
    times = [NOON - 40 * DAY - second * 1_000_000 for second in range(150)]
    await storage.insert_many(
        [record(f"p{n:03}", timestamp=format_timestamp(time)) for n, time in enumerate(times)]
    )
    async for _ in storage.compress(NOON - 30 * DAY):
        pass
    assert files_in(root) == ["2025/12/06/archive.ndjson.gz"]
    printed = subprocess.run(
        ["zcat", root / "2025/12/06/archive.ndjson.gz"], capture_output=True, check=True
    ).stdout
    assert printed == b"".join(
        [(await storage.fetch(f"p{n:03}")).json + b"\n" for n in reversed(range(150))]
    )
    assert gzip.decompress((root / "2025/12/06/archive.ndjson.gz").read_bytes()) == printed
