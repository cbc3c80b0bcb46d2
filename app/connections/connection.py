"""An HTTP connection that gives no client more time or memory than its limits allow."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.connections.pace import Pace, extension
from app.connections.unread import Unread

HEAD_BYTES = 64 * 1024
"""The largest head of a request; other servers take 8 to 64 KiB."""

PIPELINED = 100
"""The most requests that may wait behind one on the same connection."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What all connections share.

    A request's head has `head_seconds` to arrive, from when the connection is made or from its
    first byte; so has what still comes of a body that nobody waits for any longer.
    """

    max_connections: int
    head_seconds: float
    pace: Pace
    unread: Unread


class Connection(HttpToolsProtocol):
    """One client's connection. uvicorn closes those that stay idle after an answer."""

    def __init__(self, limits: Limits, **given: Any) -> None:
        super().__init__(**given)
        self._limits = limits
        self._is_refused = False
        self._is_in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._extensions = extension(self._note_refusal)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request; refuse a connection beyond the limit of their number."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.max_connections:
            self._give_up(HTTPStatus.TOO_MANY_REQUESTS)
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what the connection holds."""
        super().connection_lost(exc)
        self._stop_waiting()
        self._limits.unread.release(self.transport)

    def data_received(self, data: bytes) -> None:
        """Take what arrives, of a head only so much and for so long."""
        super().data_received(data)
        self._head_bytes = self._head_bytes + len(data) if self._is_in_head else 0
        if self._head_bytes > HEAD_BYTES:
            self._give_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._head_timer is None and self._is_between_requests():
            self._await_head()

    def on_message_begin(self) -> None:
        """Begin with a head, and offer the application to note a refusal."""
        super().on_message_begin()
        self._is_in_head = True
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]

    def on_headers_complete(self) -> None:
        """Begin with a request."""
        self._is_in_head = False
        self._stop_waiting()
        if len(self.pipeline) < PIPELINED:
            super().on_headers_complete()
        else:
            self.transport.abort()

    def on_response_complete(self) -> None:
        """Go on with the next request; after a refusal, only after a rest."""
        if self._is_refused and not self.transport.is_closing():
            self._is_refused = False
            self.flow.pause_reading()
            self.loop.call_later(self._limits.pace.rest(), super().on_response_complete)
        else:
            super().on_response_complete()

    def pause_writing(self) -> None:
        """Have it watched that the client reads."""
        super().pause_writing()
        self._limits.unread.watch(self.transport)

    def resume_writing(self) -> None:
        """Write on, now that the client has read."""
        super().resume_writing()
        self._limits.unread.release(self.transport)

    def timeout_keep_alive_handler(self) -> None:
        """Close the idle connection, though what is unread of the last answer may be little."""
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self._limits.unread.watch(self.transport)

    def _note_refusal(self) -> None:
        self._is_refused = True

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._limits.head_seconds, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _lose_patience(self) -> None:
        if self._is_in_head:
            self._give_up(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.abort()

    def _give_up(self, status: HTTPStatus) -> None:
        """Close the connection, with an answer where the client can tell what it is for."""
        if self._is_between_requests() and not self.transport.get_write_buffer_size():
            retry = b"retry-after: 1\r\n" if status is HTTPStatus.TOO_MANY_REQUESTS else b""
            self.transport.write(
                b"HTTP/1.1 %d %b\r\n%bconnection: close\r\ncontent-length: 0\r\n\r\n"
                % (status, status.phrase.encode(), retry)
            )
            self.transport.close()
        else:
            self.transport.abort()
