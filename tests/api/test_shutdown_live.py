"""SIGTERM: stop accepting, finish what was accepted, end endless streams, exit 0."""

import http.client
import json
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.uploads import SECONDS, Upload, until
from tests.live import LiveService, live_service
from tests.patterns import ndjson, pattern

BOTH_SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def end(service: LiveService, number: signal.Signals = signal.SIGTERM) -> int:
    service.process.send_signal(number)
    return service.process.wait(SECONDS)


def total(service: LiveService) -> int:
    count: int = httpx.get(f"{service.url}/v1/count").json()["count"]
    return count


def accepts(service: LiveService) -> bool:
    address = urlsplit(service.url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=1).close()
    except OSError:
        return False
    return True


@BOTH_SIGNALS
def test_an_idle_service_ends_at_once_and_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with live_service(tmp_path) as service, httpx.Client(base_url=service.url) as client:
        client.post("/v1/patterns", json=pattern(pattern_id="a"))  # and its connection stays open
        assert end(service, number) == 0
        assert not [line for line in service.log_lines() if line["level"] == "ERROR"]
    assert not list(tmp_path.glob("*.db-wal")), "the database was closed"
    with live_service(tmp_path) as service:
        assert total(service) == 1


@BOTH_SIGNALS
def test_an_endless_stream_is_told_what_was_stored(tmp_path: Path, number: signal.Signals) -> None:
    with live_service(tmp_path) as service, Upload(service.url) as upload:
        upload.send(ndjson([pattern() for _ in range(700)]) + b"{}\n" + b'{"half":')
        until(lambda: total(service) >= 100)
        service.process.send_signal(number)
        status, problem = upload.answer()
        assert service.process.wait(SECONDS) == 0
    assert status == 503
    assert problem["type"] == "urn:pattern-store:problem:shutting-down"
    assert problem["received"] == problem["stored"] + problem["rejected"] == 701
    assert [error["index"] for error in problem["errors"]] == [700]
    with live_service(tmp_path) as service:
        assert total(service) == problem["stored"]


def test_a_stream_that_never_pauses_ends_too(tmp_path: Path) -> None:
    piece = ndjson([pattern() for _ in range(50)])
    with live_service(tmp_path) as service, Upload(service.url) as upload:
        sent = 0
        try:
            while sent < 1_000_000:
                upload.send(piece)
                sent += 50
                if sent == 2_000:
                    until(lambda: total(service))
                    service.process.send_signal(signal.SIGTERM)
        except OSError:
            pass  # nobody takes the rest
        status, problem = upload.answer()
        assert service.process.wait(SECONDS) == 0
    assert status == 503
    assert 0 < problem["stored"] == problem["received"] <= sent
    with live_service(tmp_path) as service:
        assert total(service) == problem["stored"]


def test_a_request_under_way_is_finished_and_no_other_begun(tmp_path: Path) -> None:
    body = json.dumps(pattern(pattern_id="last")).encode()
    with (
        live_service(tmp_path) as service,
        Upload(service.url, "/v1/patterns", media_type="application/json") as upload,
        Upload(service.url, "/v1/patterns/put", "PUT", "application/json") as put,
    ):
        upload.send(body[:20])
        put.send(b"{")
        until(lambda: httpx.get(f"{service.url}/healthz").is_success)
        service.process.send_signal(signal.SIGTERM)
        until(lambda: not accepts(service))
        upload.send(body[20:])
        put.send(json.dumps(pattern()).encode()[1:])
        assert upload.finish()[0] == 201
        assert put.finish()[0] == 201
        assert service.process.wait(SECONDS) == 0
    with live_service(tmp_path) as service:
        assert total(service) == 2


def test_a_request_that_never_ends_is_given_up(tmp_path: Path) -> None:
    with (
        live_service(tmp_path, PATTERNS_SHUTDOWN_SECONDS="1") as service,
        Upload(service.url, media_type="application/json") as upload,
    ):
        upload.send(b"[")
        until(lambda: total(service) == 0)
        service.process.send_signal(signal.SIGTERM)
        status, problem = upload.answer()
        assert service.process.wait(SECONDS) == 0
    assert (status, problem["status"]) == (503, 503)
    assert problem["type"] == "urn:pattern-store:problem:shutting-down"


def test_an_export_that_is_stopped_breaks_the_connection(tmp_path: Path) -> None:
    large = ndjson([pattern(pattern_id=f"p{n}", x="y" * 20_000) for n in range(2_000)])
    lines = {"Content-Type": "application/x-ndjson"}
    with live_service(tmp_path) as service:
        httpx.post(
            f"{service.url}/v1/patterns/batch", content=large, headers=lines, timeout=SECONDS
        )
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=SECONDS)
        connection.request("GET", "/v1/export")
        response = connection.getresponse()
        begun = response.read(100_000)  # and the service waits for us to read on
        assert response.status == 200
        service.process.send_signal(signal.SIGTERM)
        until(lambda: not accepts(service))
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            response.read()
        connection.close()
        assert begun.startswith(b'{"pattern_id":"p0"')
        assert service.process.wait(SECONDS) == 0


def test_a_second_service_on_the_store_is_refused_until_the_first_has_ended(
    tmp_path: Path,
) -> None:
    with live_service(tmp_path) as service:
        with pytest.raises(AssertionError, match="is in use by process"), live_service(tmp_path):
            pass
        assert total(service) == 0
        assert end(service) == 0
    with live_service(tmp_path) as service:
        assert total(service) == 0
