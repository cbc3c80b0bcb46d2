"""Clients in any number: some that post as fast as they can, others that only hold on."""

import asyncio
import json
import socket
import struct
import time
from collections import Counter
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
        """The seconds within which so many percent of the accepted were answered."""
        seconds = sorted(self.accepted.values())
        return seconds[min(len(seconds) - 1, int(len(seconds) * percent / 100))]


async def post_on(url: str, prefix: str, until: float, answers: Answers) -> None:
    """Post one pattern after the other over one connection, each under its own id."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    number = 0
    try:
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
            number += 1
    finally:
        writer.close()


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
    """Connections that nobody serves: idle, slow, half-closed; and some that vanish."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._address = (place.hostname, place.port)
        self._open: list[socket.socket] = []

    def idle(self, number: int) -> None:
        """Connections that send nothing."""
        self._open += [self._connected() for _ in range(number)]

    def slow(self, number: int) -> None:
        """Requests of which the head is sent, and the first bytes of the body."""
        for _ in range(number):
            connection = self._connected()
            connection.sendall(post_request("slow")[:-40])
            self._open.append(connection)

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

    def close(self) -> None:
        """Let go of all that are open."""
        while self._open:
            self._open.pop().close()

    def _connected(self) -> socket.socket:
        return socket.create_connection(self._address, timeout=30)


def proportional_bytes(pid: int) -> int:
    """The memory of a process, with its share of what it shares (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no Pss")
