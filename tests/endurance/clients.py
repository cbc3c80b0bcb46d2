"""Clients in any number: some that post as fast as they can, others that only hold on."""

import asyncio
import json
import math
import os
import socket
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.patterns import pattern


@dataclass(slots=True)
class Answers:
    """What posts were answered: the ids accepted and their seconds, statuses, and what was odd."""

    accepted: dict[str, float] = field(default_factory=dict)
    refused: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0

    def percentile(self, percent: float) -> float:
        """The seconds within which so many percent of the accepted were answered; NaN: none was."""
        seconds = sorted(self.accepted.values())
        last = len(seconds) - 1
        return seconds[min(last, int(len(seconds) * percent / 100))] if seconds else math.nan


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a service, closed at the end."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def post_on(
    url: str, prefix: str, until: float, answers: Answers, *, patient: bool = False
) -> None:
    """Post one pattern after the other over one connection, each under its own id.

    A patient client waits after a refusal as Retry-After says, others ask again at once.
    """
    number = 0
    async with connected(url) as (reader, writer):
        while time.monotonic() < until:
            pattern_id = f"{prefix}-{number}"
            started = time.monotonic()
            writer.write(post_request(pattern_id))
            status, headers = await read_answer(reader)
            seconds = time.monotonic() - started
            answers.statuses[status] += 1
            if status == 201:
                answers.accepted[pattern_id] = seconds
            else:
                answers.refused.append(seconds)
                answers.without_retry_after += b"retry-after" not in headers
                await asyncio.sleep(int(headers.get(b"retry-after", b"0")) if patient else 0)
            number += 1


def post_request(pattern_id: str) -> bytes:
    """A whole request that posts a pattern."""
    body = json.dumps(pattern(pattern_id=pattern_id)).encode()
    return (
        b"POST /v1/patterns HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[bytes, bytes]]:
    """The next answer's status and headers; its body is skipped."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.rstrip().split(b"\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
    await reader.readexactly(int(headers.get(b"content-length", b"0")))
    return int(first.split()[1]), headers


class Nuisances:
    """Connections that only hold on, in several ways; and some that vanish."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._address = (place.hostname, place.port)
        self._open: list[socket.socket] = []
        self._slow: list[socket.socket] = []

    def idle(self, number: int) -> None:
        """Connections that send nothing."""
        self._open += [self._connected() for _ in range(number)]

    def slow(self, number: int) -> None:
        """Requests of which the head is sent, and the first bytes of the body."""
        self._begin(number, post_request("slow")[:-40])

    def slow_head(self, number: int) -> None:
        """Requests of which the first bytes of the head are sent."""
        self._begin(number, post_request("slow")[:20])

    def trickle(self) -> None:
        """One byte more of each slow request; those that were closed are given up."""
        self._slow = [connection for connection in self._slow if _takes_a_byte(connection)]

    def half_closed(self, number: int) -> None:
        """Requests whose sender closes its side amid the body, and goes on listening."""
        for _ in range(number):
            connection = self._connected()
            connection.sendall(post_request("half")[:-40])
            connection.shutdown(socket.SHUT_WR)
            self._open.append(connection)

    def vanishing(self, number: int) -> None:
        """Requests that break off amid the body, by a reset."""
        for _ in range(number):
            connection = self._connected()
            connection.sendall(post_request("gone")[:-40])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    def deaf(self, number: int) -> None:
        """Requests for all that is stored, of which no answer is read."""
        for _ in range(number):
            connection = self._connected(receive_bytes=4096)
            connection.sendall(b"GET /v1/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self._open.append(connection)

    def close(self) -> None:
        """Let go of all that are open."""
        for connection in (*self._open, *self._slow):
            connection.close()
        self._open, self._slow = [], []

    def _begin(self, number: int, sent: bytes) -> None:
        for _ in range(number):
            connection = self._connected()
            connection.sendall(sent)
            self._slow.append(connection)

    def _connected(self, receive_bytes: int | None = None) -> socket.socket:
        connection = socket.socket()
        if receive_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(30)
        connection.connect(self._address)
        return connection


def _takes_a_byte(connection: socket.socket) -> bool:
    try:
        return connection.send(b" ") == 1
    except OSError:
        connection.close()
        return False


def proportional_bytes(pid: int) -> int:
    """The memory of a process, with its share of what it shares (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no Pss")


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
