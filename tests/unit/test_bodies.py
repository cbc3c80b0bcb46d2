"""Bodies as lines and as arrays: item by item, each within its limit."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from app.errors import BodyTooLarge, InvalidPattern, MalformedRequest, ShuttingDown
from app.routes.admission import Admission
from app.routes.bodies import array_items, lines

LIMIT = 10
TOO_LONG = "too long"


def request_of(pieces: Iterable[bytes], *, coding: str = "", whole: bool = True) -> Request:
    """A request whose body arrives in pieces, and breaks off unless it is whole."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    end = {"type": "http.request", "body": b"", "more_body": False}
    messages.append(end if whole else {"type": "http.disconnect"})
    arriving = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(arriving)

    headers = [(b"content-encoding", coding.encode())] if coding else []
    turn = Admission(1, 2**20, 20).turn()
    return Request({"type": "http", "method": "POST", "headers": headers, "turn": turn}, receive)


async def lines_of(request: Request) -> AsyncIterator[bytes | str]:
    """The lines of a body one by one, those that are too long as `TOO_LONG`."""
    async for group in lines(request, LIMIT, asyncio.Event()):
        for line in group:
            yield TOO_LONG if isinstance(line, BodyTooLarge) else line


async def all_lines(*pieces: bytes, coding: str = "") -> list[bytes | str]:
    return [line async for line in lines_of(request_of(pieces, coding=coding))]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b" a \n\t\n  \n b\n", [b"a", b"b"]),
        (b"0123456789\n", [b"0123456789"]),
        (b"01234567890\n", [TOO_LONG]),
        (b"0123456789", [b"0123456789"]),
        (b"01234567890", [TOO_LONG]),
        (b"x" * 1000 + b"\nok\n" + b"y" * 1000, [TOO_LONG, b"ok", TOO_LONG]),
        ("é\u2028ü\n".encode(), ["é\u2028ü".encode()]),
        (b"a\x0bb\x0cc\x1cd\n", [b"a\x0bb\x0cc\x1cd"]),
    ],
)
async def test_a_body_is_cut_at_its_line_feeds_wherever_its_pieces_end(
    body: bytes, expected: list[bytes | str]
) -> None:
    assert await all_lines(body) == expected
    assert await all_lines(*(bytes([byte]) for byte in body)) == expected
    for place in range(len(body)):
        assert await all_lines(body[:place], body[place:]) == expected


@given(st.lists(st.text(alphabet="ab \n\r\t{é", max_size=15).map(str.encode)))
def test_how_a_body_arrives_makes_no_difference(pieces: list[bytes]) -> None:
    assert asyncio.run(all_lines(*pieces)) == asyncio.run(all_lines(b"".join(pieces)))


async def test_a_compressed_body_is_cut_at_its_own_line_feeds() -> None:
    assert await all_lines(gzip.compress(b"a\nb\n"), coding="gzip") == [b"a", b"b"]


async def test_what_came_whole_before_the_body_broke_off_is_given_first() -> None:
    arriving = lines_of(request_of([b"a\nb\nc"], whole=False))
    assert [await anext(arriving), await anext(arriving)] == [b"a", b"b"]
    with pytest.raises(MalformedRequest, match="broke off"):
        await anext(arriving)


async def test_what_came_whole_before_the_coding_broke_is_given_first() -> None:
    body = gzip.compress(b"a\nb\n") + gzip.compress(b"c\n")[:-5]
    arriving = lines_of(request_of([body], coding="gzip"))
    assert [await anext(arriving), await anext(arriving)] == [b"a", b"b"]
    with pytest.raises(MalformedRequest, match="gzip"):
        [line async for line in arriving]


async def test_an_endless_body_is_ended_when_the_service_stops() -> None:
    stopping = asyncio.Event()
    sent = asyncio.Queue[dict[str, Any]]()
    sent.put_nowait({"type": "http.request", "body": b"a\nb", "more_body": True})
    request = Request(request_of([]).scope, sent.get)
    arriving = lines(request, LIMIT, stopping)
    assert await anext(arriving) == [b"a"]
    waiting = asyncio.ensure_future(anext(arriving))
    await asyncio.sleep(0)
    assert not waiting.done()
    stopping.set()
    with pytest.raises(ShuttingDown):
        await waiting


@pytest.mark.parametrize(
    ("body", "items"),
    [
        ("[]", []),
        (" [ ] \n", []),
        ("[1]", ["1"]),
        (' [ {"a": [1, 2]} , "x,]" ] ', ['{"a": [1, 2]}', '"x,]"']),
        ("[NaN, 1e400]", ["NaN", "1e400"]),
        (f"[1{'0' * 30}]", [TOO_LONG]),
        ("[null,[[]],true]", ["null", "[[]]", "true"]),
    ],
)
def test_an_array_is_cut_into_the_texts_of_its_items(body: str, items: list[str]) -> None:
    found = array_items(body.encode(), limit=20)
    texts = [TOO_LONG if isinstance(item, BodyTooLarge) else item.decode() for item in found]
    assert texts == items


@given(st.lists(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5)))
def test_the_items_of_any_array_are_its_items(values: list[Any]) -> None:
    for indent in (None, 2):
        items = array_items(json.dumps(values, indent=indent).encode(), limit=10**6)
        assert [json.loads(item) for item in items if isinstance(item, bytes)] == values


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1]]",
        "[1] x",
        "[1,,2]",
        "{",
        "[{]",
        "x",
    ],
)
def test_what_is_no_json_is_refused_whole(body: str) -> None:
    with pytest.raises(MalformedRequest):
        array_items(body.encode(), limit=100)


@pytest.mark.parametrize("body", [b"\xff", b'["\xff"]', b"\xef\xbb\xbf[1]", "[1]".encode("utf-16")])
def test_what_is_not_plain_utf_8_is_refused_whole(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        array_items(body, limit=100)


@pytest.mark.parametrize("body", ["{}", '"a"', "1", "null", " true "])
def test_json_that_is_no_array_is_invalid(body: str) -> None:
    with pytest.raises(InvalidPattern) as refused:
        array_items(body.encode(), limit=100)
    assert [(error.location, error.code) for error in refused.value.errors] == [("", "type")]


def test_an_array_nested_too_deep_is_invalid() -> None:
    with pytest.raises(InvalidPattern) as refused:
        array_items(b"[" * 100_000 + b"]" * 100_000, limit=10**6)
    assert [error.code for error in refused.value.errors] == ["maxDepth"]
