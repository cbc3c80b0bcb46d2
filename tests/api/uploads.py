"""Requests whose body is sent piece by piece, over a connection of their own."""

import http.client
import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

SECONDS = 30.0
"""How long anything may take before a test fails."""


class Upload:
    """A request with a chunked body; used as a context manager, which closes the connection."""

    def __init__(
        self,
        url: str,
        path: str = "/v1/patterns/batch",
        method: str = "POST",
        media_type: str = "application/x-ndjson",
        **headers: str,
    ) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
        self._connection.putrequest(method, path)
        self._connection.putheader("Content-Type", media_type)
        self._connection.putheader("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self._connection.putheader(name.replace("_", "-"), value)
        self._connection.endheaders()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self._connection.close()

    def send(self, piece: bytes) -> None:
        """Send a part of the body."""
        self._connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))

    def finish(self) -> tuple[int, dict[str, Any]]:
        """End the body; the answer's status and content."""
        self._connection.send(b"0\r\n\r\n")
        return self.answer()

    def answer(self) -> tuple[int, dict[str, Any]]:
        """The answer's status and content, whether or not the body has ended."""
        response = self._connection.getresponse()
        return response.status, json.loads(response.read())

    def vanish(self) -> None:
        """Break the connection, as a client does that is killed."""
        at_once = struct.pack("ii", 1, 0)
        self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self._connection.close()


def until(condition: Callable[[], object]) -> None:
    """Come back as soon as a condition holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
