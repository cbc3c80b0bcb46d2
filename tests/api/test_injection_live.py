"""What clients send meets file names, headers and logs: it breaks out of none of them."""

import json
import re
import socket
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest

from tests.conftest import BACKENDS
from tests.live import LiveService, live_service
from tests.patterns import pattern

SECONDS = 30.0

EVIL = [
    "../../../evil",
    "/evil",
    "..\\..\\evil",
    "evil\x00",
    "a\r\nX-Evil: 1",
    "a\nX-Evil: 1",
    "a\rX-Evil: 1",
    'a"}\n{"level": "EVIL", "message": "evil"}',
    "a\u2028b\u0085c",
    "\x1b[2Jevil",
    "%2e%2e%2fevil%0d%0aX-Evil:%201",
    "~/evil;$(touch evil)`touch evil`",
]

PARAMETERS = ("pattern_id", "tags", "project_name", "q", "cursor", "start_date", "evil")

HEADERS = ("X-Request-ID", "Idempotency-Key", "If-Match", "Content-Type", "Accept-Encoding")
"""Those that the service reads, but for Host and Origin, which it refuses altogether."""


@pytest.fixture(params=BACKENDS, scope="module")
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveService]:
    """A service whose store lies in a folder of its own.

    At the end there are no files but the store's, and each line of the log is one object.
    """
    folder = tmp_path_factory.mktemp("injection")
    (folder / "store").mkdir()
    url = BACKENDS[request.param].format(folder=folder / "store")
    with live_service(folder, PATTERNS_STORAGE_URL=url) as running:
        running.wait_until_ready()
        yield running
        assert running.stop() == 0
    assert {path.name for path in folder.iterdir()} == {"store", "service.log"}
    assert not [path for path in folder.rglob("*") if not re.fullmatch(r"[\w.@+-]+", path.name)]
    for line in running.log_lines():
        assert line["level"] in ("INFO", "WARNING", "ERROR")
        assert line["message"] != "evil"
    assert b"\x1b" not in (folder / "service.log").read_bytes()


def answer_to(
    service: LiveService, method: str, target: str, headers: bytes = b"", body: bytes = b""
) -> tuple[int, dict[bytes, bytes], bytes]:
    """What the service answers to a request sent byte by byte as it is given."""
    address = urlsplit(service.url)
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n"
    )
    with socket.create_connection((address.hostname, address.port), SECONDS) as connection:
        connection.sendall(head.encode() + headers + b"\r\n" + body)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    status, *lines = received.partition(b"\r\n\r\n")[0].split(b"\r\n")
    found = dict(line.lower().split(b": ", 1) for line in lines)
    assert b"x-evil" not in found
    assert b"\n" not in b"".join(lines), "one line a header"
    return int(status.split()[1]), found, received.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_in_a_path(service: LiveService, method: str) -> None:
    for evil in EVIL:
        body = json.dumps(pattern()).encode() if method == "PUT" else b"{}"
        status, _, _ = answer_to(
            service,
            method,
            f"/v1/patterns/{quote(evil, safe='')}",
            b"Content-Type: application/json\r\n",
            body,
        )
        assert status in (404, 405, 422)


def test_in_a_parameter(service: LiveService) -> None:
    for evil in EVIL:
        for name in PARAMETERS:
            status, _, _ = answer_to(service, "GET", f"/v1/patterns?{name}={quote(evil, safe='')}")
            assert status in (200, 422)
        status, _, _ = answer_to(service, "GET", f"/v1/patterns?{quote(evil, safe='')}=1")
        assert status == 422


def test_in_the_next_pages_link(service: LiveService) -> None:
    for evil in EVIL:
        tag = evil.replace("\x00", "")
        for name in ("one", "two"):
            posted = pattern(pattern_id=f"{name}{EVIL.index(evil)}", context={"tags": [tag]})
            body = json.dumps(posted).encode()
            kind = b"Content-Type: application/json\r\n"
            assert answer_to(service, "POST", "/v1/patterns", kind, body)[0] == 201
        target = f"/v1/patterns?limit=1&tags={quote(tag, safe='')}"
        status, headers, _ = answer_to(service, "GET", target)
        assert status == 200
        following = headers[b"link"].decode().partition(">")[0].removeprefix("<")
        assert re.fullmatch(r"[\x21-\x7e]+", following)


def test_in_a_header(service: LiveService) -> None:
    for evil in EVIL:
        for name in HEADERS:
            lines = f"{name}: {evil}\r\n".encode()
            status, headers, _ = answer_to(service, "GET", "/v1/patterns", lines)
            assert 200 <= status < 500
            made = headers.get(b"x-request-id", b"")
            assert status == 400 or re.fullmatch(rb"[\w.:@+/=-]{1,128}", made)
        for name in ("Host", "Origin"):
            status, _, _ = answer_to(
                service, "POST", "/v1/patterns", f"{name}: {evil}\r\n".encode()
            )
            assert 400 <= status < 500


def test_in_a_body(service: LiveService) -> None:
    kind = b"Content-Type: application/json\r\n"
    for number, evil in enumerate(EVIL):
        free = {"agent": evil, "task_type": evil, evil: evil}
        context = {
            "project_name": evil,
            "session_id": evil,
            "tags": [evil],
            "metadata": {evil: evil},
        }
        posted = pattern(pattern_id=f"p{number}", data=free, context=context)
        body = json.dumps(posted).encode()
        status, _, answered = answer_to(service, "POST", "/v1/patterns", kind, body)
        assert status in (201, 422)
        if status == 201:
            kept = json.loads(answer_to(service, "GET", f"/v1/patterns/p{number}")[2])
            assert kept["data"] == json.loads(answered)["data"]
            assert kept["context"]["project_name"] == evil
        for name in ("pattern_id", "pattern_type", "timestamp", "version"):
            wrong = json.dumps({**pattern(), name: evil}).encode()
            status, _, _ = answer_to(service, "POST", "/v1/patterns", kind, wrong)
            assert status == 422 or name == "version"
        key = b"Idempotency-Key: k\r\n"
        answer_to(service, "POST", "/v1/patterns/batch", kind + key, b"[%b]" % body)
