"""Cursors: taken back as they were given, for the same query, and else refused."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidRequest
from app.schemas.filters import Filters, Order, Position
from app.schemas.words import Phrase
from app.service.cursors import decode_cursor, encode_cursor

HERE = Position(1_768_478_400_000_000, "pat-1")
ALL = Filters()


def refusal(cursor: str, filters: Filters = ALL, order: Order = Order.NEWEST) -> str:
    with pytest.raises(InvalidRequest) as refused:
        decode_cursor(cursor, filters, order)
    (error,) = refused.value.errors
    assert (error.kind, error.location, error.code) == ("parameter", "cursor", "cursor")
    return error.detail


def made_by_hand(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@given(st.integers(-(2**62), 2**62), st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_cursor_stands_for_its_position_and_is_safe_in_a_url(
    timestamp: int, pattern_id: str
) -> None:
    position = Position(timestamp, pattern_id)
    cursor = encode_cursor(position, ALL, Order.NEWEST)
    assert decode_cursor(cursor, ALL, Order.NEWEST) == position
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    "other",
    [
        Filters(agent="developer"),
        Filters(task_type="developer"),
        Filters(tags=("a",)),
        Filters(any_tags=("a",)),
        Filters(start=0),
        Filters(end=0),
        Filters(success=False),
        Filters(min_duration_ms=0),
        Filters(phrases=(Phrase(("a",)),)),
        Filters(phrases=(Phrase(("a",), prefix=True),)),
    ],
)
def test_a_cursor_of_another_query_is_refused(other: Filters) -> None:
    assert "other filters" in refusal(encode_cursor(HERE, ALL, Order.NEWEST), other)
    assert "other filters" in refusal(encode_cursor(HERE, other, Order.NEWEST))


def test_a_cursor_of_the_other_order_is_refused() -> None:
    cursor = encode_cursor(HERE, ALL, Order.OLDEST)
    assert "another order" in refusal(cursor, order=Order.NEWEST)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "next",
        "====",
        "a b",
        "é",
        "🙂",
        "\0",
        "a+/b",
        made_by_hand(None),
        made_by_hand(7),
        made_by_hand("abc"),
        made_by_hand([]),
        made_by_hand({"a": 1, "b": 2, "c": 3}),
        made_by_hand(["x", "1", "id"]),
        made_by_hand(["x", 1.0, "id"]),
        made_by_hand(["x", True, "id"]),
        made_by_hand(["x", 2**63, "id"]),
        made_by_hand(["x", 1, 2]),
        made_by_hand(["x", 1, "\ud800"]),
        made_by_hand(["x", 1, "id", "more"]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b'["x", 1' + b"0" * 5000 + b', "id"]').decode(),
    ],
)
def test_a_cursor_this_service_did_not_make_is_refused(cursor: str) -> None:
    assert "take next_cursor as it is" in refusal(cursor)


@given(st.text())
def test_no_text_at_all_is_taken_for_a_cursor_by_chance(cursor: str) -> None:
    refusal(cursor)
