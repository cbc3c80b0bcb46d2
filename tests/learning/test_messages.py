"""What of a message differs from one occurrence to the next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.learning.messages import MOST_TEXT, normalised


@pytest.mark.parametrize(
    ("message", "without"),
    [
        ("index -1 of 1,024", "index <number> of <number>"),
        ("ratio 3.5e-7 is 12%", "ratio <number> is <number>"),
        ("<Cart object at 0x7f6a1c0e4d30>", "<Cart object at <hex>>"),
        ("com.acme.Cart@1b6d3586 is closed", "com.acme.Cart@<hex> is closed"),
        ("commit 9f86d081884c7d65 not found", "commit <hex> not found"),
        ("user 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "user <uuid>"),
        ("request req_8fj3kd02xz, order A-17, INV-2024-0012", "request req_<id>, order <id>, <id>"),
        ("cannot open /home/me/a.b/c.txt", "cannot open <path>"),
        ("cannot open ../data/c.txt", "cannot open <path>"),
        (r"cannot open C:\Users\me\c.txt", "cannot open <path>"),
        ("in src/cart/total.ts:3:4", "in <path>"),
        ("'a' and \"b\" and `c` and “d”", "<text> and <text> and <text> and <text>"),
        ("due 2024-03-01T12:00:00.123Z, now 2024-03-02", "due <time>, now <time>"),
        ("at 12:00:01 on Mon Jan 02 15:04:05 MST 2006", "at <time> on <time>"),
        ("timed out after 30000ms, in all 1m30s", "timed out after <duration>, in all <duration>"),
        ("waited 2.5 seconds", "waited <duration>"),
        ("GET https://api.example/v1/users/42?x=1 said no", "GET <url> said no"),
        ("mail to anna.b+x@example.co.uk bounced", "mail to <email> bounced"),
        ("connect ECONNREFUSED 127.0.0.1:5432", "connect ECONNREFUSED <ip>"),
        ("no route to [2001:db8::8a2e:370:7334]:8080 or ::1", "no route to <ip> or <ip>"),
        ("Total expected:<[1, 2> x]> but was:<3>", "Total <compared>"),
        ("Unexpected token } in JSON", "Unexpected token <token> in JSON"),
    ],
)  # fmt: skip
def test_variable_parts_are_replaced(message: str, without: str) -> None:
    assert normalised(message) == without


@pytest.mark.parametrize(
    "message",
    [
        "",
        "must not be null",
        "isn't it what you don't know",
        "std::vec::Vec is no a::b::c",
        "cannot convert int32 to utf8 or sha256",
        "org.acme.Cart cannot be cast to org.acme.Order",
        "read/write and either/or",
        "a < b but c > d",
    ],
)
def test_words_are_left_as_they_are(message: str) -> None:
    assert normalised(message) == message


@given(st.integers(min_value=0), st.uuids(), st.floats(allow_nan=False, allow_infinity=False))
def test_what_was_counted_does_not_matter(count: int, key: object, amount: float) -> None:
    assert normalised(f"{count} rows of {key} with {abs(amount)}") == normalised("1 rows of "
        "00000000-0000-0000-0000-000000000000 with 0.5")  # fmt: skip


@given(st.text(max_size=200))
def test_what_has_been_normalised_is_the_same_each_time(message: str) -> None:
    assert normalised(message) == normalised(message)
    assert len(normalised("x" * MOST_TEXT + message)) <= MOST_TEXT
