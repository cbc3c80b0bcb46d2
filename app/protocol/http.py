"""HTTP/1.1 on one connection: uvicorn's protocol, made to bear what clients get wrong.

A request that cannot be read is answered by a problem document too, and after those before it. A
head has a limit, which httptools does not set. Trailers are dropped (RFC 9110, 6.5.1), and so are
offers to change to another protocol (7.8), whose bodies httptools would take for requests.
"""

import logging
from itertools import chain
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from app.errors import HeadTooLarge, MalformedRequest, PatternStoreError
from app.middleware.answer_headers import protected
from app.middleware.observation import new_request_id
from app.problems import response_for
from app.protocol.answer import Answer

MAX_HEAD_BYTES = 128 * 1024
"""Of a request line and its headers: there is room for the longest name that a filter compares,
of characters that take 12 bytes each in a URL."""

_log = logging.getLogger("app.requests")


class HttpProtocol(HttpToolsProtocol):
    """Has a parser read what arrives, whose callbacks these are, and the application answer."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.parser = _Parser(self)
        self._unread = 0  # bytes since the last that completed a head or were of a body
        self._arrived = 0  # bytes of the piece that is being read
        self._objection: PatternStoreError | None = None
        self._earlier: list[RequestResponseCycle] = []  # before the latest, and not answered yet

    def data_received(self, data: bytes) -> None:
        if self._objection is not None:
            return
        self._arrived = len(data)
        self._unread += self._arrived
        super().data_received(data)
        if self._unread > MAX_HEAD_BYTES and self._objection is None:
            self._refuse(HeadTooLarge(MAX_HEAD_BYTES))

    def on_headers_complete(self) -> None:
        may_be_too_large = self._unread + self._arrived > MAX_HEAD_BYTES
        if may_be_too_large and self._head_bytes() > MAX_HEAD_BYTES:
            self._objection = HeadTooLarge(MAX_HEAD_BYTES)
            raise self._objection
        self._unread = 0
        if self.parser.get_method() == b"CONNECT":
            self._objection = MalformedRequest("This is no proxy: nothing is at the other end.")
            raise self._objection
        if self.parser.should_upgrade():
            return
        if self.cycle is None or self.cycle.response_complete:
            self._earlier.clear()
        else:
            self._earlier.append(self.cycle)
        super().on_headers_complete()
        self.headers = []  # what comes later are trailers, and not for the application

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser cannot go on with."""
        self._refuse(self._objection or MalformedRequest("The request is not HTTP/1.1."))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for cycle in self._earlier:
            cycle.disconnected = True
            cycle.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        async def answering(scope: Any, receive: Any, send: Any) -> None:
            await app(scope, receive, Answer(cycle).send)

        super()._start_asgi_task(cycle, answering)

    def _head_bytes(self) -> int:
        """What the target and the headers that were just read take."""
        return len(self.url) + sum(map(len, chain.from_iterable(self.headers)))

    def head_without_upgrade(self) -> bytes:
        """The head that was just read, without an offer to change to another protocol."""
        line = (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        kept = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        return b"%b %b HTTP/%b\r\n%b\r\n" % (*line, b"".join(kept))

    def _refuse(self, error: PatternStoreError) -> None:
        """Answer with a problem and end the connection, once what came before is answered."""
        self._objection = error
        cycle = self.cycle
        under_way = cycle is not None and not cycle.response_complete
        if under_way and (self.pipeline or cycle.response_started or not cycle.more_body):
            cycle.keep_alive = False
            return
        if under_way:
            cycle.disconnected = True
            cycle.message_event.set()
        self._answer(error)
        self.transport.close()

    def _answer(self, error: PatternStoreError) -> None:
        response, request_id = response_for(error, "/"), new_request_id()
        headers = [
            *self.server_state.default_headers,
            *protected([each for each in response.raw_headers if each[0] != b"connection"]),
            (b"connection", b"close"),
            (b"x-request-id", request_id.encode()),
        ]
        lines = [b"%b: %b\r\n" % header for header in headers]
        head = b"".join([STATUS_LINE[response.status_code], *lines])
        self.transport.write(b"%b\r\n%b" % (head, bytes(response.body)))
        _log.info("refused", extra={"status": response.status_code, "request_id": request_id})


class _Parser(httptools.HttpRequestParser):
    """Reads a head with an offer to change to another protocol again, without the offer."""

    def __init__(self, protocol: HttpProtocol) -> None:
        self._protocol = protocol
        self._begin()

    def feed_data(self, data: Any) -> None:
        rest = memoryview(data)
        while rest:
            try:
                super().feed_data(rest)
                return
            except httptools.HttpParserUpgrade as offer:
                rest = rest[offer.args[0] :]
                head = self._protocol.head_without_upgrade()
                self._begin()
                super().feed_data(head)

    def _begin(self) -> None:
        """Be as new: after an offer, and `Connection: close`, a parser takes nothing more."""
        super().__init__(self._protocol)
        self.set_dangerous_leniencies(lenient_data_after_close=True)
