"""One connection: an attempt is sent, what comes back is read, and held against what it may be."""

import asyncio
import json
import re
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

from tests.endurance.attempts import Attempt, Ending
from tests.endurance.wire import Answer, NotHttp, answers_in

DUE_SECONDS = 30.0
"""How long an answer that is due may take; beyond it the service hangs."""

PATIENCE_SECONDS = 0.1
"""How long to wait for an answer that need not come."""

LARGE = 60_000
"""Bytes of which a server that refuses amid them may reset the connection, answer and all."""

_TELLING = re.compile(
    rb"Traceback \(most|site-packages|/app/[a-z_/]+\.py|<class '|<[a-z_.A-Z]+ object|"
    rb" at 0x[0-9a-f]{6}|NoneType|[a-z]\.[A-Z]\w+Error\b|\bUnicode(De|En)codeError|RuntimeError|"
    rb"RecursionError|sqlite3\.|uvicorn|starlette|pydantic|asyncio|\borjson|b'[^']*'"
)
"""What tells of the inside."""

_DOCUMENTATION = (b"text/html", b"text/css", b"text/javascript", b"image/png")


@dataclass(slots=True)
class Exchange:
    """What came back; `end`: `closed`, `reset` or `waits`."""

    received: bytes = b""
    answers: list[Answer] = field(default_factory=list)
    end: str = "waits"
    objections: list[str] = field(default_factory=list)


async def exchange(address: tuple[str, int], attempt: Attempt) -> Exchange:
    """Make an attempt over a connection of its own."""
    seen = Exchange()
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, address)
        sending = asyncio.create_task(_send(connection, attempt))
        try:
            if attempt.ending in (Ending.STAY, Ending.HALF_CLOSE):
                await _receive(connection, attempt, seen, sending)
            else:
                await sending
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        if attempt.ending is Ending.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _judge(attempt, seen)
    return seen


async def _send(connection: socket.socket, attempt: Attempt) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError):  # the service has closed: it had read enough
        for number, piece in enumerate(attempt.pieces):
            if number:
                await asyncio.sleep(0.001 if number % 10 == 1 else 0)
            await loop.sock_sendall(connection, piece)
        if attempt.ending is Ending.HALF_CLOSE:
            connection.shutdown(socket.SHUT_WR)


async def _receive(
    connection: socket.socket, attempt: Attempt, seen: Exchange, sending: asyncio.Task[None]
) -> None:
    """Read until all that is due has come, the service closes, or patience ends."""
    loop = asyncio.get_running_loop()
    while not attempt.due or len(seen.answers) < attempt.due:
        patience = DUE_SECONDS if attempt.due or not sending.done() else PATIENCE_SECONDS
        try:
            piece = await asyncio.wait_for(loop.sock_recv(connection, 2**18), patience)
        except TimeoutError:
            return
        except OSError:
            seen.end = "reset"
            return
        if not piece:
            seen.end = "closed"
            return
        seen.received += piece
        try:
            seen.answers, _ = answers_in(seen.received, may_be_bodiless=_may_be_bodiless(attempt))
        except NotHttp as error:
            seen.objections.append(f"no HTTP: {error}")
            return


def _judge(attempt: Attempt, seen: Exchange) -> None:
    for answer in seen.answers:
        seen.objections += _objections(answer, attempt)
    if seen.objections or attempt.ending is not Ending.STAY:
        return
    _, rest = answers_in(seen.received, may_be_bodiless=_may_be_bodiless(attempt))
    if seen.end == "closed" and rest:
        seen.objections.append("an answer breaks off")
    ends_it = any(answer.headers.get(b"connection") == b"close" for answer in seen.answers)
    is_excused = (seen.end == "closed" and ends_it) or (
        seen.end == "reset" and len(attempt.sent) > LARGE
    )
    if attempt.due > len(seen.answers) and not is_excused:
        what = f"{len(seen.answers)} of {attempt.due} answers"
        seen.objections.append(f"{what}, and then: {seen.end}")


def _objections(answer: Answer, attempt: Attempt) -> list[str]:
    found = []
    kind = answer.headers.get(b"content-type", b"").partition(b";")[0]
    if answer.status >= 500:
        found.append(f"a {answer.status}")
    if not {b"x-request-id", b"x-content-type-options"} <= answer.headers.keys():
        found.append(f"headers are missing: {answer.headers}")
    if answer.status >= 400 and (answer.body or not _may_be_bodiless(attempt)):
        found += _no_problem(answer, kind)
    if kind not in _DOCUMENTATION:
        told = {match[0] for match in _TELLING.finditer(answer.body)}
        found += [f"tells of the inside: {what!r}" for what in told if what not in attempt.sent]
    return found


def _no_problem(answer: Answer, kind: bytes) -> list[str]:
    """What keeps an answer from being a problem document."""
    try:
        problem = json.loads(answer.body)
        if kind == b"application/problem+json" and problem["status"] == answer.status:
            assert problem["type"].startswith("urn:pattern-store:problem:")
            assert problem["detail"]
            return []
    except (ValueError, KeyError, TypeError, AssertionError):
        pass
    return [f"a {answer.status} that is no problem document"]


def _may_be_bodiless(attempt: Attempt) -> bool:
    return b"HEAD" in attempt.sent
