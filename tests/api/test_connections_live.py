"""What one client may take up with its connections: time for a head, memory, files."""

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from app.protocol.http import MAX_HEAD_BYTES
from tests.endurance.clients import Nuisances
from tests.live import LiveService, live_service

MAX_CONNECTIONS = 100
UNREAD_BYTES = 20_000_000
PROBE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD_BYTES = MAX_HEAD_BYTES


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    with live_service(
        tmp_path_factory.mktemp("service"),
        PATTERNS_HEAD_SECONDS="2",
        PATTERNS_ANSWER_SECONDS="3",
        PATTERNS_MAX_CONNECTIONS=str(MAX_CONNECTIONS),
        PATTERNS_MAX_UNREAD_BYTES=str(UNREAD_BYTES),
    ) as service:
        yield service
        assert not [line for line in service.log_lines() if line["level"] == "ERROR"]
        assert service.stop() == 0


@contextmanager
def connected(service: LiveService) -> Iterator[socket.socket]:
    place = urlsplit(service.url)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        yield connection


def read_on(connection: socket.socket) -> bytes:
    """All that comes until the service closes the connection."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionError:
        pass  # closed in the midst of what was sent
    return b"".join(parts)


def gives_up(connection: socket.socket, byte: bytes) -> bool:
    """Whether the service closes the connection, though a byte comes every tenth of a second."""
    try:
        for _ in range(300):
            connection.sendall(byte)
            time.sleep(0.1)
    except ConnectionError:
        return True
    return False


def wait_for_connections(service: LiveService, number: int) -> None:
    """Wait until no more are open, beside the one that asks."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        metrics = httpx.get(f"{service.url}/metrics", timeout=30)
        if metrics.status_code == 200:
            found = re.search(r"^pattern_store_connections ([\d.]+)$", metrics.text, re.M)
            assert found
            if float(found[1]) <= number + 1:
                return
        time.sleep(0.05)
    raise AssertionError("they stay open")


@pytest.fixture(autouse=True)
def _nobody_else(service: LiveService) -> None:
    wait_for_connections(service, 0)


def test_a_connection_that_says_nothing_is_closed(service: LiveService) -> None:
    with connected(service) as connection:
        assert read_on(connection) == b""


@pytest.mark.parametrize("is_first", [True, False])
def test_a_head_that_does_not_end_is_a_408(service: LiveService, *, is_first: bool) -> None:
    with connected(service) as connection:
        if not is_first:
            connection.sendall(PROBE)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
        connection.sendall(PROBE[:20])
        _, status, headers = read_on(connection).partition(b"HTTP/1.1 408 ")
        assert status
        assert b"\r\nconnection: close\r\n" in headers


@pytest.mark.parametrize("byte", [b"a", b"\n"])
def test_bytes_one_at_a_time_give_a_head_no_more_time(service: LiveService, byte: bytes) -> None:
    with connected(service) as connection:
        connection.sendall(PROBE + b"GET /" if byte == b"a" else PROBE)
        assert gives_up(connection, byte)


def test_a_head_has_a_largest_size(service: LiveService) -> None:
    with connected(service) as connection:
        connection.sendall(PROBE[:-2] + b"X: " + b"y" * (HEAD_BYTES - 1000) + b"\r\n\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"
    with connected(service) as connection:
        connection.sendall(PROBE[:-2])
        while not select.select([connection], [], [], 0.05)[0]:
            connection.sendall(b"X: " + b"y" * HEAD_BYTES + b"\r\n")
        assert read_on(connection).startswith(b"HTTP/1.1 431 ")


def test_a_head_may_begin_in_the_same_piece_in_which_a_long_body_ends(
    service: LiveService,
) -> None:
    with connected(service) as connection:
        body = b"y" * (HEAD_BYTES * 2)
        head = b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
        connection.sendall(head % len(body) + body + PROBE[:20])
        connection.sendall(PROBE[20:] + PROBE[:-2] + b"Connection: close\r\n\r\n")
        answers = read_on(connection)
        assert answers.count(b"HTTP/1.1 405 ") == 1
        assert answers.count(b"HTTP/1.1 200 OK") == 2


def test_requests_may_be_sent_ahead_but_not_in_any_number(service: LiveService) -> None:
    with connected(service) as connection:
        connection.sendall(PROBE * 50)
        connection.shutdown(socket.SHUT_WR)
        assert b"HTTP/1.1 200 OK" in read_on(connection)
    with connected(service) as connection:
        connection.sendall(PROBE * 1000)
        assert read_on(connection).count(b"HTTP/1.1 200 OK") < 1000


def test_connections_beyond_their_limit_are_told_to_come_again(service: LiveService) -> None:
    nuisances = Nuisances(service.url)
    nuisances.slow(MAX_CONNECTIONS)
    try:
        with connected(service) as connection:
            answer = read_on(connection)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"\r\nretry-after: " in answer
    finally:
        nuisances.close()
    wait_for_connections(service, 0)
    assert httpx.get(f"{service.url}/v1/count").status_code == 200


@pytest.fixture(scope="module")
def _stored(service: LiveService) -> None:
    """So much that the kernel does not take the whole of it for a client that does not read."""
    usage = '{"agent_type": "a", "task_type": "t", "success": true, "duration_ms": 1, "x": "%s"}'
    line = '{"pattern_type": "agent_usage", "data": %s}\n' % (usage % ("y" * 100_000))
    for _ in range(4):
        answer = httpx.post(
            f"{service.url}/v1/patterns/batch",
            content=line * 20,
            headers={"Content-Type": "application/x-ndjson"},
            timeout=30,
        )
        assert answer.json()["stored"] == 20


@pytest.mark.usefixtures("_stored")
def test_clients_that_do_not_read_are_cut_off_and_keep_nobody_from_reading(
    service: LiveService,
) -> None:
    nuisances = Nuisances(service.url)
    try:
        nuisances.deaf(10)
        export = httpx.get(f"{service.url}/v1/export", timeout=30)
        assert len(export.text.splitlines()) == 80
        wait_for_connections(service, 0)
    finally:
        nuisances.close()
