"""An HTTP connection that gives no client more time or memory than its limits allow."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from app.connections.pace import AGAIN_SECONDS, Pace, extension
from app.connections.polling import BusyPolling
from app.connections.unread import Unread
from app.errors import BodyTooSlow
from app.protocol.http import HttpProtocol

PIPELINED = 100
"""The most requests that may wait behind one on the same connection."""

_WAITING_SECONDS = 0.1
"""What comes so soon after a rest had come before its end."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What all connections share.

    A request's head has `head_seconds` to arrive, from when the connection is made or from its
    first byte; so has what still comes of a body that nobody waits for any longer.

    `refuses_early` tells whether those are refused who ask too early, but for the paths in
    `always_heard`; `note_repeated` is called for each refusal made so, without the application.
    """

    max_connections: int
    head_seconds: float
    pace: Pace
    polling: BusyPolling
    unread: Unread
    always_heard: frozenset[bytes]
    refuses_early: Callable[[], bool]
    note_repeated: Callable[[], None]


class Connection(HttpProtocol):
    """One client's connection. uvicorn closes those that stay idle after an answer."""

    def __init__(self, limits: Limits, **given: Any) -> None:
        super().__init__(**given)
        self._limits = limits
        self._is_refused = False
        self._early_until = 0.0  # what a refused client asks before is too early
        self._is_resting = False
        self._is_late = False
        self._is_in_head = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._extensions = extension(self._note_refusal)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request; refuse a connection beyond the limit of their number."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.max_connections:
            self._answer_shortly(HTTPStatus.TOO_MANY_REQUESTS)
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what the connection holds."""
        super().connection_lost(exc)
        self._stop_waiting()
        self._limits.unread.release(self.transport)
        self._limits.pace.forget(self._go_on)

    def data_received(self, data: bytes) -> None:
        """Take what arrives, of a head only for so long."""
        super().data_received(data)
        is_idle = not self._is_resting and self._is_between_requests()
        if is_idle and self._head_timer is None:
            self._await_head()

    def on_message_begin(self) -> None:
        """Begin with a head, and offer the application to note a refusal."""
        super().on_message_begin()
        self._is_in_head = True
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]

    def on_headers_complete(self) -> None:
        """Begin with a request."""
        self._is_in_head = False
        if self._head_timer is not None:
            self._stop_waiting()
        if len(self.pipeline) >= PIPELINED:
            self.transport.abort()
        elif (
            self._early_until
            and self._is_refused_early()
            and not self.parser.should_upgrade()  # which comes again, without the offer
        ):
            self._limits.note_repeated()
            self._answer_shortly(
                HTTPStatus.TOO_MANY_REQUESTS, close=not self.parser.should_keep_alive()
            )
            self._rest()
        else:
            super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request; after the refusal of an early one, only after a rest."""
        if not self._is_refused:
            self._early_until = 0.0
            super().on_response_complete()
            self._limits.pace.note_answer()
            return
        self._is_refused = False
        if self.loop.time() < self._early_until:
            self._rest()
        else:
            self._early_until = self.loop.time() + AGAIN_SECONDS
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

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        super()._start_asgi_task(cycle, self._limits.polling.around(app))

    def _note_refusal(self) -> None:
        self._is_refused = True

    def _is_refused_early(self) -> bool:
        """Whether the client asks again sooner than it was told, and in vain.

        Then it is refused again without the application, which would take twice as long.
        """
        if not self._is_between_requests():
            return False
        return self._is_resting or (
            self.loop.time() < self._early_until
            and self.url.partition(b"?")[0] not in self._limits.always_heard
            and (self._is_late or self._limits.refuses_early())
        )

    def _rest(self) -> None:
        """Hear nothing for a while, and then go on."""
        self._early_until = self.loop.time() + AGAIN_SECONDS
        if not self._is_resting and not self.transport.is_closing():
            self._is_resting = True
            self.flow.pause_reading()
            self._limits.pace.rest(self._go_on)

    def _go_on(self, is_late: bool) -> None:
        self._is_resting, self._is_late = False, is_late
        self._early_until = max(self._early_until, self.loop.time() + _WAITING_SECONDS)
        super().on_response_complete()

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self._limits.head_seconds, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _lose_patience(self) -> None:
        can_tell = self._is_between_requests() and not self.transport.get_write_buffer_size()
        if self._is_in_head and can_tell:
            self._refuse(BodyTooSlow("The head of the request came too slowly."))
        else:
            self.transport.abort()

    def _answer_shortly(self, status: HTTPStatus, *, close: bool = True) -> None:
        """Answer instead of the application; close at once where the client would not know for
        what, or reads nothing."""
        if self.transport.get_write_buffer_size() or not self._is_between_requests():
            self.transport.abort()
            return
        ends = b"connection: close\r\n" if close else b""
        again = (
            b"retry-after: %d\r\n" % AGAIN_SECONDS
            if status is HTTPStatus.TOO_MANY_REQUESTS
            else b""
        )
        self.transport.write(
            b"HTTP/1.1 %d %b\r\n%b%bcontent-length: 0\r\n\r\n"
            % (status, status.phrase.encode(), again, ends)
        )
        if close:
            self.transport.close()
