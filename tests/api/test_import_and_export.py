"""`pattern-store import` and `export`: patterns between a store and files."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.answers import without
from tests.api.commands import environment, failed, pattern_store, succeeded
from tests.live import live_service
from tests.patterns import DATA, ndjson, pattern, real_errors

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

THREE = [pattern(pattern_id=name) for name in "abc"]


def counts(**told: int) -> str:
    names = ("received", "stored", "duplicates", "rejected", "past_retention")
    return ", ".join(f"{name.replace('_', ' ')} {told.get(name, 0)}" for name in names)


def exported(folder: Path, *words: str) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in succeeded(pattern_store(folder, "export", *words)).splitlines()
    ]


@pytest.mark.parametrize(
    ("name", "encode"),
    [("x.ndjson", bytes), ("x.jsonl.gz", gzip.compress), ("x.zst", zstd.compress)],
)
def test_a_file_is_stored_once_however_often_it_is_imported(
    tmp_path: Path, name: str, encode: "type[bytes]"
) -> None:
    body = ndjson(THREE).replace(b"\n", b"\r\n\n")
    (tmp_path / name).write_bytes(encode(body))
    first = succeeded(pattern_store(tmp_path, "import", name))
    assert first.strip() == counts(received=3, stored=3)
    again = succeeded(pattern_store(tmp_path, "import", name))
    assert again.strip() == counts(received=3, duplicates=3)
    assert [line["pattern_id"] for line in exported(tmp_path)] == ["a", "b", "c"]


def test_standard_input_is_imported(tmp_path: Path) -> None:
    body = ndjson(real_errors()).decode()
    number = len(real_errors())
    said = succeeded(
        pattern_store(tmp_path, "import", "-", given=body, PATTERNS_RETENTION_DAYS="0")
    )
    assert said.strip() == counts(received=number, stored=number)
    for posted, line in zip(real_errors(), exported(tmp_path), strict=True):
        assert without(line, "timestamp", "stored") == without(posted, "timestamp")


def test_lines_that_are_rejected_are_named_and_the_others_stored(tmp_path: Path) -> None:
    large = json.dumps(pattern(x="y" * 3000))
    lines = [json.dumps(THREE[0]), "{}", "no json", large, json.dumps(pattern(x=1, pattern_id="a"))]
    result = pattern_store(
        tmp_path, "import", "-", given="\n".join(lines), PATTERNS_MAX_PATTERN_BYTES="2048"
    )
    said = failed(result).splitlines()
    assert [line.split(" (")[0] for line in said] == ["line 2", "line 3", "line 4", "line 5"]
    assert "/pattern_type" in said[0]
    assert "not JSON" in said[1]
    assert "2048 bytes" in said[2]
    assert "'a'" in said[3]
    assert result.output.strip() == counts(received=5, stored=1, rejected=4)


@pytest.mark.parametrize(
    ("choice", "told", "kept", "status"),
    [
        ("reject", {"rejected": 1}, 1, 1),
        ("skip", {"duplicates": 1}, 1, 0),
        ("replace", {"stored": 1}, 2, 0),
    ],
)
def test_another_content_under_an_id(
    tmp_path: Path, choice: str, told: dict[str, int], kept: int, status: int
) -> None:
    for number in (1, 2):
        given = json.dumps(pattern(pattern_id="a", x=number))
        result = pattern_store(tmp_path, "import", "-", "--on-conflict", choice, given=given)
    assert result.status == status
    assert result.output.strip() == counts(received=1, **told)
    assert [line["x"] for line in exported(tmp_path)] == [kept]


def test_what_is_past_its_retention_is_counted(tmp_path: Path) -> None:
    given = json.dumps(pattern(timestamp="2001-01-01"))
    said = succeeded(pattern_store(tmp_path, "import", "-", given=given))
    assert said.strip() == counts(received=1, stored=1, past_retention=1)


def test_an_export_imported_with_preserve_is_the_same_store(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with live_service(first) as service, httpx.Client(base_url=service.url) as client:
        for name in DATA:
            client.post("/v1/patterns", json=pattern(name, pattern_id=name, x=[1.0, 10**30, "ü"]))
        client.patch("/v1/patterns/agent_usage", json={"data": {"retry_count": 1}})
        client.patch("/v1/patterns/agent_usage", json={"data": {"retry_count": 2}})
        client.delete("/v1/patterns/task_completion")
        client.post("/v1/patterns", json=pattern(pattern_id="last"))
        beside = succeeded(pattern_store(first, "export"))
        assert service.stop() == 0
    assert len(beside.splitlines()) == 4
    assert succeeded(pattern_store(first, "export")) == beside
    said = succeeded(pattern_store(second, "import", "-", "--preserve", given=beside))
    assert said.strip() == counts(received=4, stored=4)
    assert succeeded(pattern_store(second, "export")) == beside, "byte for byte"
    again = succeeded(pattern_store(second, "import", "-", "--preserve", given=beside))
    assert again.strip() == counts(received=4, duplicates=4)
    assert succeeded(pattern_store(second, "check")).endswith("no problems found\n")
    with live_service(second) as service:
        posted = httpx.post(f"{service.url}/v1/patterns", json=pattern()).json()
    assert posted["stored"]["seq"] == json.loads(beside.splitlines()[-1])["stored"]["seq"] + 1


def test_without_preserve_an_import_is_a_receipt_of_its_own(tmp_path: Path) -> None:
    old = {"at": "2001-01-01T00:00:00.000000Z", "seq": 700, "revision": 5}
    given = json.dumps(pattern(pattern_id="a", stored=old))
    succeeded(pattern_store(tmp_path, "import", "-", given=given))
    (line,) = exported(tmp_path)
    assert (line["stored"]["seq"], line["stored"]["revision"]) == (1, 1)
    assert line["stored"]["at"] > "2026"


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {},
        {"at": "then", "seq": 1, "revision": 1},
        {"at": "2025-01-01T00:00:00Z", "seq": 0, "revision": 1},
        {"at": "2025-01-01T00:00:00Z", "seq": True, "revision": 1},
        {"at": "2025-01-01T00:00:00Z", "seq": 1, "revision": 2**70},
    ],
)
def test_preserve_takes_only_what_an_export_wrote(tmp_path: Path, stored: object) -> None:
    given = json.dumps(pattern(stored=stored))
    result = pattern_store(tmp_path, "import", "-", "--preserve", given=given)
    assert "/stored" in failed(result)


def test_an_export_goes_on_and_tells_of_deletions(tmp_path: Path) -> None:
    with live_service(tmp_path) as service:
        httpx.post(f"{service.url}/v1/patterns/batch", json=THREE)
        httpx.delete(f"{service.url}/v1/patterns/a")
        beside = exported(tmp_path, "-", "--after-seq", "2", "--deletes")
        service.stop()
    assert [line["pattern_id"] for line in beside] == ["c", "a"]
    assert beside[1] == {"pattern_id": "a", "deleted": True, "seq": 4}
    succeeded(pattern_store(tmp_path, "export", "copy.ndjson", "--deletes"))
    copied = (tmp_path / "copy.ndjson").read_text().splitlines()
    assert [json.loads(line)["pattern_id"] for line in copied] == ["b", "c", "a"]


def test_an_import_needs_the_store_to_itself(tmp_path: Path) -> None:
    with live_service(tmp_path):
        said = failed(pattern_store(tmp_path, "import", "-", given=ndjson(THREE)))
    assert "is in use by process" in said


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.gz", gzip.compress(ndjson(THREE * 900))[:-9]),
        ("plain.gz", ndjson(THREE)),
        ("checksum.gz", gzip.compress(ndjson(THREE))[:-8] + bytes(8)),
        ("cut.zst", zstd.compress(ndjson(THREE * 900))[:-4]),
        ("plain.zst", ndjson(THREE)),
    ],
)
def test_a_compressed_file_that_is_broken_is_told_and_its_whole_lines_kept(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    assert name in failed(pattern_store(tmp_path, "import", name))
    assert len(exported(tmp_path)) == (3 if name.startswith("cut") else 0)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "none.ndjson" in failed(pattern_store(tmp_path, "import", "none.ndjson"))


@pytest.mark.parametrize("command", [["export"], ["export", "copy.ndjson"], ["check"]])
def test_a_store_that_is_not_there_is_told_and_not_made(tmp_path: Path, command: list[str]) -> None:
    assert "patterns.db" in failed(pattern_store(tmp_path, *command))
    assert not list(tmp_path.iterdir())


def test_an_export_that_fails_leaves_an_earlier_one_alone(tmp_path: Path) -> None:
    (tmp_path / "copy.ndjson").write_text("earlier")
    failed(pattern_store(tmp_path, "export", "copy.ndjson"))
    assert [path.name for path in tmp_path.iterdir()] == ["copy.ndjson"]
    assert (tmp_path / "copy.ndjson").read_text() == "earlier"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    succeeded(pattern_store(tmp_path, "import", "-", given=ndjson(THREE)))
    for place in ("none/copy.ndjson", "."):
        assert place in failed(pattern_store(tmp_path, "export", place))


def test_an_export_whose_reader_goes_away_ends_quietly(tmp_path: Path) -> None:
    large = ndjson([pattern(x="y" * 10_000) for _ in range(300)])
    succeeded(pattern_store(tmp_path, "import", "-", given=large))
    with subprocess.Popen(
        [sys.executable, "-m", "app", "export"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
