"""What is no HTTP/1.1, or only just: each is answered, and nobody else notices."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from app.protocol.http import MAX_HEAD_BYTES
from tests.endurance.wire import Answer, Request, answers_in
from tests.live import LiveService, live_service
from tests.patterns import pattern

SECONDS = 30.0
HOST = (b"Host", b"localhost")
JSON = (b"Content-Type", b"application/json")
HEALTH = Request(b"GET", b"/healthz", [HOST])
COUNT = Request(b"GET", b"/v1/count", [HOST])
POST = Request(b"POST", b"/v1/patterns", [HOST, JSON], json.dumps(pattern()).encode())
CLOSE = (b"Connection", b"close")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    with live_service(tmp_path_factory.mktemp("broken")) as service:
        yield service
        assert service.stop() == 0


@pytest.fixture(autouse=True)
def stays_well(service: LiveService) -> Iterator[None]:
    """Whatever a test sends, the service lives and nothing fails inside."""
    yield
    assert httpx.get(f"{service.url}/healthz").status_code == 200
    assert [line for line in service.log_lines() if line["level"] == "ERROR"] == []


def connected(service: LiveService) -> socket.socket:
    place = urlsplit(service.url)
    return socket.create_connection((place.hostname, place.port), timeout=SECONDS)


def sent(service: LiveService, *pieces: bytes) -> list[Answer]:
    """All answers to some bytes, until the service closes the connection."""
    received = b""
    with connected(service) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass  # refused before its end
        try:
            while got := connection.recv(2**16):
                received += got
        except ConnectionResetError:
            pass
    answers, rest = answers_in(received)
    assert rest == b""
    return answers


def refused(answers: list[Answer], status: int, name: str) -> None:
    (answer,) = answers
    assert answer.status == status
    assert answer.headers[b"content-type"] == b"application/problem+json"
    assert answer.headers[b"connection"] == b"close"
    assert answer.headers[b"x-content-type-options"] == b"nosniff"
    assert answer.headers[b"x-request-id"]
    problem = json.loads(answer.body)
    assert problem["type"] == f"urn:pattern-store:problem:{name}"
    assert problem["status"] == status


BROKEN = {
    "an unknown method": b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no method": b"/healthz\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50,
    "a version that is none": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a path beyond ASCII": b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a target for proxies": b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
    "a NUL in a header": b"GET / HTTP/1.1\r\nHost: local\0host\r\n\r\n",
    "a length and chunks": POST.having((b"Content-Length", b"5")).in_chunks(b"{}"),
    "two lengths": POST.having((b"Content-Length", b"1")).spelt(),
    "a chunk's size that is none": POST.in_chunks(b"{}").replace(b"\r\n2\r\n", b"\r\nx\r\n"),
}


@pytest.mark.parametrize("request_bytes", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_a_problem(service: LiveService, request_bytes: bytes) -> None:
    refused(sent(service, request_bytes), 400, "malformed")


LARGE = MAX_HEAD_BYTES + 1
FLOODS = {
    "a long path": b"GET /" + b"a" * LARGE + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a long header": HEALTH.having((b"X", b"a" * LARGE)).spelt(),
    "many headers": HEALTH.having(*[(b"a", b"b")] * LARGE).spelt(),
    "a long name": HEALTH.having((b"X" * LARGE, b"a")).spelt(),
    "a head without end": b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 2**20,
    "a path without end": b"GET /" + b"a" * 2**22,
    "trailers without end": POST.in_chunks(b"{")[:-2] + b"a:b\r\n" * 2**20,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("size", [2**12, 2**22], ids=["in pieces", "at once"])
def test_a_head_or_trailers_beyond_the_limit_are_refused(
    service: LiveService, flood: bytes, size: int
) -> None:
    pieces = [flood[at : at + size] for at in range(0, len(flood), size)]
    answers = sent(service, *pieces)
    if answers:  # what is still on its way when the service closes may take the answer with it
        refused(answers, 431, "head-too-large")


def test_a_head_within_the_limit_is_taken(service: LiveService) -> None:
    long = HEALTH.having((b"X", b"a" * (MAX_HEAD_BYTES - 200)), CLOSE)
    assert [answer.status for answer in sent(service, long.spelt())] == [200]


def test_a_head_beyond_the_limit_is_answered_where_all_of_it_was_read(
    service: LiveService,
) -> None:
    refused(sent(service, FLOODS["a long header"]), 431, "head-too-large")


OFFER = (
    (b"Connection", b"Upgrade, HTTP2-Settings"),
    (b"Upgrade", b"h2c"),
    (b"HTTP2-Settings", b"AAMAAABkAARAAAAAAAIAAAAA"),
)
WEB_SOCKET = (
    (b"Connection", b"Upgrade"),
    (b"Upgrade", b"websocket"),
    (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    (b"Sec-WebSocket-Version", b"13"),
)


@pytest.mark.parametrize("offer", [OFFER, WEB_SOCKET], ids=["HTTP/2", "WebSocket"])
@pytest.mark.parametrize("whole", [True, False], ids=["at once", "the body later"])
def test_an_offer_of_another_protocol_is_passed_over_and_the_body_read(
    service: LiveService, offer: list[tuple[bytes, bytes]], whole: bool
) -> None:
    first = POST.having(*offer).spelt()
    cut = len(first) if whole else first.index(b"\r\n\r\n") + 4
    rest = first[cut:] + COUNT.spelt() + POST.having(*offer, CLOSE).spelt()
    answers = sent(service, first[:cut], rest) if not whole else sent(service, first + rest)
    assert [answer.status for answer in answers] == [201, 200, 201]


def test_a_body_after_such_an_offer_is_never_taken_for_a_request(service: LiveService) -> None:
    smuggled = Request(b"POST", b"/v1/validate", [HOST, JSON, *OFFER, CLOSE], HEALTH.spelt())
    head, body = smuggled.spelt().split(b"\r\n\r\n", 1)
    refusal, *others = sent(service, head + b"\r\n\r\n", body)
    assert others == []
    assert refusal.status == 400


def test_what_came_before_something_broken_is_answered_first(service: LiveService) -> None:
    answers = sent(service, POST.spelt() + COUNT.spelt() + BROKEN["an unknown method"])
    assert [answer.status for answer in answers] == [201, 200]
    assert answers[-1].headers[b"connection"] == b"close"


def test_something_broken_after_an_answer_is_refused(service: LiveService) -> None:
    with connected(service) as connection:
        connection.sendall(COUNT.spelt())
        answers: list[Answer] = []
        received = b""
        while not answers:
            received += connection.recv(2**16)
            answers, _ = answers_in(received)
        assert [answer.status for answer in answers] == [200]
        connection.sendall(BROKEN["an unknown method"])
        answers, _ = answers_in(b"".join(iter(lambda: connection.recv(2**16), b"")))
    refused(answers, 400, "malformed")


def test_clients_that_ask_many_things_at_once_and_go_fail_nothing_inside(
    service: LiveService,
) -> None:
    for _ in range(20):
        with connected(service) as connection:
            connection.sendall(COUNT.spelt() * 20 + POST.spelt() * 20)
    assert [answer.status for answer in sent(service, COUNT.having(CLOSE).spelt())] == [200]


def test_trailers_are_no_headers(service: LiveService) -> None:
    named = POST.having(CLOSE).in_chunks(POST.body or b"")[:-2] + b"X-Request-ID: trailer\r\n\r\n"
    (answer,) = sent(service, named)
    assert answer.status == 201
    assert answer.headers[b"x-request-id"] != b"trailer"


def test_a_chunked_body_may_be_cut_at_every_place(service: LiveService) -> None:
    body = POST.body or b""
    whole = POST.having(CLOSE).in_chunks(body[:10], body[10:])
    for cut in range(1, len(whole)):
        (answer,) = sent(service, whole[:cut], whole[cut:])
        assert answer.status == 201
