"""Answers on their way to the connection: one that is whole goes out with one system call.

uvicorn writes a head and its body by themselves, and looks at each header twice. With a short
answer that takes longer than finding what is in it, and wakes the client for a head alone.
"""

from http import HTTPStatus
from typing import Any

from starlette.types import Message
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_PLAIN = bytes({*range(256)} - {*range(0x20), 0x7F} | {0x09})
"""What a header's value may hold (RFC 9110, section 5.5)."""

_ABOUT_THE_CONNECTION = frozenset({b"connection", b"transfer-encoding"})
_BODYLESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Answer:
    """What the application answers to one request, given to uvicorn's cycle of it.

    The head waits for the first of the body, as ASGI has it (HTTP & WebSocket, "Response Start").
    """

    __slots__ = ("_cycle", "_start")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self._start: Any = None

    async def send(self, message: Any) -> None:
        """ASGI's `send`. Raises RuntimeError for what cannot be sent."""
        cycle, start = self._cycle, self._start
        if message["type"] == "http.response.start" and not cycle.response_started:
            self._start = message
            cycle.response_started = True  # an application that fails now breaks its answer
            return
        if start is not None:
            self._start = None
            if self._is_sent_whole(start, message):
                return
            cycle.response_started = False
            await cycle.send(start)
        await cycle.send(message)

    def _is_sent_whole(self, start: Message, message: Message) -> bool:
        """Send an answer, if it is one of the usual: whole, and the connection goes on."""
        cycle, status, body = self._cycle, start["status"], message.get("body", b"")
        if (
            message["type"] != "http.response.body"
            or message.get("more_body")
            or status in _BODYLESS
            or cycle.scope["method"] == "HEAD"
            or not cycle.keep_alive
            or cycle.disconnected
            or cycle.flow.write_paused
        ):
            return False
        headers = [*cycle.default_headers, *start["headers"]]
        pieces, length = [STATUS_LINE[status]], b""
        for name, value in headers:
            if name in _ABOUT_THE_CONNECTION:
                return False
            if name == b"content-length":
                length = value
            pieces += (name, b": ", value, b"\r\n")
        pieces.append(b"\r\n")
        head = b"".join(pieces)
        is_plain = head.translate(None, _PLAIN) == b"\r\n" * (len(headers) + 2)
        if not is_plain or length != b"%d" % len(body):
            return False
        cycle.transport.writelines([head, body])
        cycle.response_complete, cycle.waiting_for_100_continue = True, False
        cycle.message_event.set()
        cycle.on_response()
        return True
