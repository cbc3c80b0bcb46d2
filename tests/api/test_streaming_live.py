"""Batches as streams of a running service: stored as they arrive, in bounded memory."""

import gzip
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.uploads import Upload, until
from tests.live import LiveService, live_service
from tests.patterns import ndjson, pattern

MIB = 2**20


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    with live_service(tmp_path_factory.mktemp("streaming")) as service:
        yield service


def lines(prefix: str, start: int, number: int) -> bytes:
    """So many patterns, each found by the session of its prefix."""
    context = {"session_id": prefix}
    numbers = range(start, start + number)
    return ndjson([pattern(pattern_id=f"{prefix}-{n}", context=context) for n in numbers])


def count(service: LiveService, session: str) -> int:
    answer = httpx.get(f"{service.url}/v1/count", params={"session_id": session})
    number: int = answer.json()["count"]
    return number


def wait_for(service: LiveService, session: str, number: int) -> None:
    until(lambda: count(service, session) == number)


def test_items_are_there_before_their_stream_ends(service: LiveService) -> None:
    with Upload(service.url) as upload:
        for step in range(1, 4):
            upload.send(lines("early", step * 10, 10))
            wait_for(service, "early", step * 10)
            found = httpx.get(f"{service.url}/v1/patterns/early-{step * 10}")
            assert found.status_code == 200
        status, counts = upload.finish()
    assert (status, counts["stored"]) == (200, 30)


def test_what_is_seen_of_a_stream_survives_a_kill(tmp_path: Path) -> None:
    with live_service(tmp_path) as service, Upload(service.url) as upload:
        upload.send(lines("kept", 0, 300))
        until(lambda: count(service, "kept") >= 100)
        seen = count(service, "kept")
        service.process.send_signal(signal.SIGKILL)
        service.process.wait(10)
    with live_service(tmp_path) as service:
        assert count(service, "kept") >= seen
        again = httpx.post(
            f"{service.url}/v1/patterns/batch",
            content=lines("kept", 0, 300),
            headers={"Content-Type": "application/x-ndjson"},
        )
        assert again.json()["duplicates"] >= seen
        assert count(service, "kept") == 300


def test_lines_may_be_cut_anywhere(service: LiveService) -> None:
    body = lines("cut", 0, 30).replace(b'"developer"', '"größe 🙂"'.encode())
    with Upload(service.url) as upload:
        for start in range(0, len(body), 7):
            upload.send(body[start : start + 7])
        assert upload.finish()[1]["stored"] == 30


def test_a_compressed_stream_is_stored_as_it_arrives(service: LiveService) -> None:
    with Upload(service.url, Content_Encoding="gzip") as upload:
        for step in range(3):
            upload.send(gzip.compress(lines("coded", step * 5, 5)))
            wait_for(service, "coded", step * 5 + 5)
        assert upload.finish()[1]["stored"] == 15


def test_a_client_that_vanishes_leaves_its_whole_lines(service: LiveService) -> None:
    with Upload(service.url) as upload:
        upload.send(lines("gone", 0, 50) + b'{"pattern_type":"agent_us')
        wait_for(service, "gone", 50)
        upload.vanish()
    with Upload(service.url) as upload:
        upload.send(lines("gone", 0, 51))
        assert upload.finish()[1]["duplicates"] == 50
    assert not [line for line in service.log_lines() if line["level"] in ("ERROR", "WARNING")]


def test_streams_that_wait_hold_nobody_up(service: LiveService) -> None:
    uploads = [Upload(service.url) for _ in range(30)]
    for number, upload in enumerate(uploads):
        upload.send(lines(f"slow-{number}", 0, 1)[:-20])
    posted = httpx.post(f"{service.url}/v1/patterns", json=pattern(pattern_id="quick"))
    assert posted.status_code == 201
    for number, upload in enumerate(uploads):
        with upload:
            upload.send(lines(f"slow-{number}", 0, 1)[-20:])
            assert upload.finish()[1]["stored"] == 1


def resident_bytes(service: LiveService) -> int:
    """The memory the service has in use at its most so far."""
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux' /proc")
class TestMemory:
    """However long a stream is, the service holds little of it."""

    def test_a_long_stream(self, tmp_path: Path) -> None:
        number = 50_000
        one = json.dumps(pattern(context={"session_id": "long"}, x="y" * 1000)).encode() + b"\n"
        assert number * len(one) > 55 * MIB
        with live_service(tmp_path) as service:
            before = resident_bytes(service)
            with Upload(service.url) as upload:
                for _ in range(number // 500):
                    upload.send(one * 500)
                status, counts = upload.finish()
            assert (status, counts["stored"]) == (200, number)
            assert resident_bytes(service) - before < 30 * MIB
            assert count(service, "long") == number
            with httpx.stream("GET", f"{service.url}/v1/export", timeout=60) as export:
                exported = sum(piece.count(b"\n") for piece in export.iter_bytes())
            assert exported == number
            assert resident_bytes(service) - before < 40 * MIB

    def test_a_small_body_that_stands_for_a_large_one(self, tmp_path: Path) -> None:
        line = pattern(pattern_id="after")
        bomb = gzip.compress(b'"' + b"x" * (200 * MIB) + b'"\n' + ndjson([line]), 1)
        with live_service(tmp_path) as service:
            before = resident_bytes(service)
            with Upload(service.url, Content_Encoding="gzip") as upload:
                for start in range(0, len(bomb), 10_000):
                    upload.send(bomb[start : start + 10_000])
                status, counts = upload.finish()
            assert (status, counts["stored"]) == (207, 1)
            assert [error["status"] for error in counts["errors"]] == [413]
            assert resident_bytes(service) - before < 40 * MIB
