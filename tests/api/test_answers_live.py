"""Answers on the wire: framed so that the next on the connection is found, whatever they are."""

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

import pytest

from tests.live import LiveService, live_service
from tests.patterns import pattern

SECONDS = 30.0
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    with live_service(tmp_path_factory.mktemp("answers")) as service:
        yield service
        assert service.stop() == 0


@pytest.fixture
def connection(service: LiveService) -> Iterator[HTTPConnection]:
    """A connection that would be made anew where the service ended it; a test can tell."""
    place = urlsplit(service.url)
    assert place.hostname is not None
    with closing(HTTPConnection(place.hostname, place.port, timeout=SECONDS)) as connection:
        connection.connect()
        yield connection


def answered(
    connection: HTTPConnection, method: str, path: str, body: object = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = None if body is None else json.dumps(body)
    connection.request(method, path, content, JSON | named if content else named)
    response = connection.getresponse()
    return response, response.read()


def test_one_connection_takes_every_kind_of_answer(connection: HTTPConnection) -> None:
    place, used = "/v1/patterns/wire", connection.sock
    created, stored = answered(connection, "POST", "/v1/patterns", pattern(pattern_id="wire"))
    assert created.status == 201
    assert created.headers["Location"] == place
    etag = created.headers["ETag"]

    read, body = answered(connection, "GET", place)
    assert (read.status, body) == (200, stored)
    assert read.headers.get_all("Content-Length") == [str(len(stored))]

    head, body = answered(connection, "HEAD", place)
    assert (head.status, body) == (200, b"")
    assert head.headers["Content-Length"] == read.headers["Content-Length"]

    known, body = answered(connection, "GET", place, If_None_Match=etag)
    assert (known.status, body) == (304, b"")
    assert "Transfer-Encoding" not in known.headers

    exported, body = answered(connection, "GET", "/v1/export")
    assert exported.headers["Transfer-Encoding"] == "chunked"
    assert body.splitlines() == [stored]

    gone, body = answered(connection, "DELETE", place)
    assert (gone.status, body) == (204, b"")
    assert answered(connection, "GET", place)[0].status == 404
    assert connection.sock is used


def test_the_last_answer_says_that_the_connection_ends(connection: HTTPConnection) -> None:
    response, body = answered(connection, "GET", "/healthz", Connection="close")
    assert response.status == 200
    assert response.headers["Connection"] == "close"
    assert int(response.headers["Content-Length"]) == len(body)
    assert connection.sock is None
