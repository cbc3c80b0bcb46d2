"""Request bodies: of a known type, decoded, and within their limits."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import lru_cache

from fastapi import Request

from app.errors import (
    BodyTooLarge,
    FieldError,
    InvalidPattern,
    MalformedRequest,
    ShuttingDown,
    UnsupportedMediaType,
)
from app.routes.admission import turn_of
from app.routes.encodings import decoder_for
from app.routes.headers import header

JSON_TYPES = frozenset({"application/json"})
PATCH_TYPES = frozenset({"application/merge-patch+json", "application/json"})
LINES_TYPES = frozenset({"application/x-ndjson", "application/jsonl", "application/ndjson"})

_WHITESPACE = " \t\r\n"


def media_type(request: Request, accepted: frozenset[str]) -> str:
    """The body's media type, without parameters; JSON where the client names none.

    Raises UnsupportedMediaType unless it is accepted and, where it says so, in UTF-8.
    """
    given = header(request, b"content-type")
    return _media_type("application/json" if given is None else given, accepted)


@lru_cache(maxsize=256)
def _media_type(given: str, accepted: frozenset[str]) -> str:
    value, *parameters = given.split(";")
    name = value.strip().lower()
    charsets = [
        text.partition("=")[2].strip().strip('"').lower()
        for text in parameters
        if text.strip().lower().startswith("charset=")
    ]
    if name not in accepted or any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise UnsupportedMediaType(
            f"The Content-Type {given!r} is not taken here; send "
            f"{' or '.join(sorted(accepted))}, in UTF-8."
        )
    return name


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, decoded; with it the request's turn begins.

    Raises BodyTooLarge beyond a limit in bytes, BodyTooSlow, and Overloaded where the service
    has no room for it.
    """
    turn = turn_of(request)
    turn.start_clock()
    parts: list[bytes] = []
    size = 0
    coded = header(request, b"content-encoding")
    async for piece in decoded(request) if coded else _pieces(request):
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(f"The body is larger than the {limit} bytes taken here.")
        turn.check_ratio(size)
        turn.hold(size)
        parts.append(piece)
    turn.begin()
    return b"".join(parts)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises MalformedRequest where it breaks off, BodyTooSlow."""
    turn = turn_of(request)
    more = True
    while more:
        message = await turn.receive(request.receive)
        if message["type"] == "http.disconnect":
            raise MalformedRequest("The body broke off before its end.")
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def decoded(request: Request, stopping: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    """The body in decoded pieces as they arrive.

    Raises MalformedRequest where it breaks off or its coding is broken, ShuttingDown once
    `stopping` is set.
    """
    decoder = decoder_for(header(request, b"content-encoding") or "")
    arriving = _pieces(request)
    while (data := await _next(arriving, stopping)) is not None:
        for piece in decoder.decode(data):
            yield piece
    decoder.finish()


async def lines(
    request: Request, limit: int, stopping: asyncio.Event
) -> AsyncIterator[list[bytes | BodyTooLarge]]:
    """The body's lines that are not blank, in groups as they arrive.

    A line longer than the limit is a BodyTooLarge in its place, and never held in memory.
    Between lines a stream may wait as long as it likes; a line that has begun has the time of a
    body. Raises as `decoded` does, after the whole lines before the break.
    """
    turn = turn_of(request)
    splitter = _LineSplitter(limit)
    async for piece in decoded(request, stopping):
        was_between = splitter.is_between
        group = splitter.feed(piece)
        if splitter.is_between:
            turn.stop_clock()
        elif group or was_between:
            turn.start_clock()
        turn.hold(splitter.held)
        if group:
            yield group
    if group := splitter.rest():
        yield group


def array_items(body: bytes, limit: int) -> list[bytes | BodyTooLarge]:
    """The texts of a JSON array's items, so that each is judged by itself.

    Raises MalformedRequest where the body is no JSON, InvalidPattern where it is no array or
    is nested too deep.
    """
    try:
        text = body.decode()
        if not text.strip(_WHITESPACE).startswith("["):
            json.loads(text, parse_int=str)
            raise InvalidPattern([FieldError("pointer", "", "type", "Must be an array.")])
        return [item if len(item) <= limit else _too_long(limit) for item in _slices(text)]
    except RecursionError:
        detail = "Nested too deep."
        raise InvalidPattern([FieldError("pointer", "", "maxDepth", detail)]) from None
    except ValueError as error:
        raise MalformedRequest(f"The body is not JSON: {error}.") from None


def _slices(text: str) -> list[bytes]:
    decoder = json.JSONDecoder(parse_int=str)
    items: list[bytes] = []
    place = _skip(text, _skip(text, 0) + 1)
    while text[place : place + 1] != "]" or items:
        _, end = decoder.raw_decode(text, place)
        items.append(text[place:end].encode())
        place = _skip(text, end)
        if text[place : place + 1] == "]":
            break
        if text[place : place + 1] != ",":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, place)
        place = _skip(text, place + 1)
    if _skip(text, place + 1) != len(text):
        raise json.JSONDecodeError("Extra data", text, place + 1)
    return items


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in _WHITESPACE:
        place += 1
    return place


async def _next(arriving: AsyncIterator[bytes], stopping: asyncio.Event | None) -> bytes | None:
    """The next bytes, None at the end. Raises ShuttingDown once `stopping` is set."""
    if stopping is None:
        return await anext(arriving, None)
    data = asyncio.ensure_future(anext(arriving, None))
    stop = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({data, stop}, return_when=asyncio.FIRST_COMPLETED)
        ended = data.done() and data.result() is None
        if stop.done() and not ended:
            raise ShuttingDown("The service is stopping; send the rest again when it is back.")
        return data.result()
    finally:
        data.cancel()
        stop.cancel()


def _too_long(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"A pattern may have {limit} bytes; this one has more.")


class _LineSplitter:
    """Cuts pieces of a stream at its line feeds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    @property
    def held(self) -> int:
        """The bytes of the line that has begun."""
        return self._size if self._parts else 0

    @property
    def is_between(self) -> bool:
        """Whether no line has begun."""
        return not self._size

    def feed(self, piece: bytes) -> list[bytes | BodyTooLarge]:
        """The lines that end in this piece."""
        *ended, begun = piece.split(b"\n")
        found = [line for text in ended if (line := self._line(text)) is not None]
        self._hold(begun)
        return found

    def rest(self) -> list[bytes | BodyTooLarge]:
        """The last line, where it has no line feed."""
        line = self._line(b"")
        return [] if line is None else [line]

    def _hold(self, text: bytes) -> None:
        self._size += len(text)
        if self._size <= self._limit:
            self._parts.append(text)
        else:
            self._parts = []

    def _line(self, end: bytes) -> bytes | BodyTooLarge | None:
        self._hold(end)
        line, size = b"".join(self._parts).strip(), self._size
        self._parts, self._size = [], 0
        if size > self._limit:
            return _too_long(self._limit)
        return line or None
