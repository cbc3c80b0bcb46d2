"""Which errors are one."""

import re

from hypothesis import given
from hypothesis import strategies as st

from app.learning.fingerprint import VERSION, Fingerprint, fingerprint_of

PLACE = ("com.acme.Prices.get(Prices.java:8)", "com.acme.Orders.place(Orders.java:10)")


def _of(
    *places: str, error_type: str = "java.lang.IllegalStateException", message: str = "no price"
) -> Fingerprint:
    frames = "".join(f"\tat {place}\n" for place in places)
    return fingerprint_of(error_type, message, f"{error_type}: {message}\n{frames}")


def test_line_numbers_variable_parts_and_callers_do_not_make_another_error() -> None:
    first = _of(*PLACE, message="no price for 'pear' of order 17")
    again = _of("com.acme.Prices.get(Prices.java:9)", "com.acme.Invoice.print(Invoice.java:3)",
                message="no price for 'fig' of order 18")  # fmt: skip
    assert again.group == first.group
    assert again.variant != first.variant


def test_another_place_type_or_message_makes_another_error() -> None:
    groups = {
        _of(*PLACE).group,
        _of("com.acme.Stock.get(Stock.java:8)", PLACE[1]).group,
        _of(*PLACE, error_type="java.lang.IllegalArgumentException").group,
        _of(*PLACE, message="no stock").group,
    }
    assert len(groups) == 4


def test_an_error_is_the_same_however_it_was_wrapped() -> None:
    root = "java.io.IOException: disk full\n\tat com.acme.Journal.append(Journal.java:5)\n"
    bare = fingerprint_of("java.io.IOException", "disk full", root)
    wrapped = fingerprint_of(
        "com.acme.OrderFailed",
        "order 17",
        f"com.acme.OrderFailed: order 17\n\tat com.acme.Orders.place(Orders.java:10)\n"
        f"Caused by: {root}",
    )
    assert wrapped.group == bare.group
    assert wrapped.variant != bare.variant


def test_a_function_that_is_there_to_raise_does_not_say_where_it_was() -> None:
    check = "com.acme.Guard.requireOwner(Guard.java:4)"
    assert _of(check, PLACE[0]).group != _of(check, PLACE[1]).group


def test_a_recursion_is_the_same_however_deep_it_was_and_wherever_it_broke() -> None:
    there, back = "com.acme.Node.depth(Node.java:4)", "com.acme.Node.children(Node.java:9)"
    shallow = _of(*[there, back] * 3, PLACE[0])
    deep = _of(*[back, there] * 400, back, PLACE[0])
    assert deep.variant == shallow.variant


def test_the_package_of_the_type_may_be_left_out() -> None:
    trace = "".join(f"\tat {place}\n" for place in PLACE)
    named = (fingerprint_of(name, "no", trace) for name in ("java.io.IOException", "IOException"))
    assert len({each.group for each in named}) == 1


def test_the_type_may_stand_before_the_message() -> None:
    plain = fingerprint_of("KeyError", "'pear'", None)
    assert fingerprint_of("KeyError", "KeyError: 'fig'", None).group == plain.group


def test_a_missing_key_is_the_same_error_with_its_quotes_and_without() -> None:
    place = 'File "cart.py", line 42, in total\n    return cart["fee"]'
    bare = fingerprint_of("KeyError", "fee", place)
    printed = fingerprint_of(
        "KeyError", "'fee'", f"Traceback (most recent call last):\n  {place}\nKeyError: 'fee'"
    )
    assert printed.group == bare.group
    assert printed.variant == bare.variant
    assert fingerprint_of("KeyError", "key not found: :fee", place).group != bare.group


def test_without_a_trace_type_and_message_are_the_error() -> None:
    first = fingerprint_of("TimeoutError", "no answer from https://a.example in 3 s", None)
    again = fingerprint_of("TimeoutError", "no answer from https://b.example in 9 s", "")
    other = fingerprint_of("TimeoutError", "no answer from the printer", None)
    assert first == again
    assert first.group != other.group


def test_the_title_is_a_short_line_and_the_parts_say_why() -> None:
    found = _of(*PLACE, message="no price for 'pear'\n" + "x" * 5000)
    assert found.title == "IllegalStateException: no price for <text> in Prices.get"
    assert found.version == VERSION
    assert found.parts.language == "java"
    assert found.parts.type == "IllegalStateException"
    assert found.parts.message == "no price for <text>"
    assert [frame.function for frame in found.parts.frames] == ["get"]


@given(st.text(), st.text(), st.none() | st.text())
def test_anything_has_a_fingerprint_and_it_is_always_the_same(
    error_type: str, message: str, trace: str | None
) -> None:
    found = fingerprint_of(error_type, message, trace)
    assert re.fullmatch("[0-9a-f]{16}", found.group)
    assert re.fullmatch("[0-9a-f]{16}", found.variant)
    assert fingerprint_of(error_type, message, trace) == found
