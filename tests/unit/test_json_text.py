"""JSON as the store takes it: exactly, or not at all."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidPattern, MalformedRequest
from app.schemas.json_text import (
    MAX_DIGITS,
    canonical_json,
    escape_pointer,
    read_json,
    same_json,
    write_json,
)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def refusal(text: str | bytes) -> list[tuple[str, str]]:
    """The pointers and codes by which a text is refused."""
    body = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(InvalidPattern) as refused:
        write_json(read_json(body))
    return [(error.location, error.code) for error in refused.value.errors]


@given(values)
def test_every_value_json_can_spell_comes_back_equal_and_of_the_same_kind(value: Any) -> None:
    text = write_json(read_json(json.dumps(value).encode()))
    assert repr(json.loads(text)) == repr(value)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "1.0",
        "0.1",
        "9007199254740993",
        "18446744073709551616",
        "-170141183460469231731687303715884105728",
        "1" + "0" * (MAX_DIGITS - 1),
        '"a\\u0000b"',
        '"🙂"',
        '"\\\\ \\" \\n"',
        '{"b":1,"a":2}',
        '{"":[[],{},null,true,false]}',
        "[" * 100 + "]" * 100,
    ],
)
def test_what_is_read_is_written_as_it_came(text: str) -> None:
    assert write_json(read_json(text.encode())).decode() == text


def test_an_escaped_pair_of_surrogates_is_the_character_it_stands_for() -> None:
    assert read_json(rb'"\ud83d\ude42"') == "🙂"


def test_of_duplicate_keys_the_last_counts() -> None:
    assert read_json(b'{"a":1,"b":2,"a":{"c":3,"c":4}}') == {"a": {"c": 4}, "b": 2}


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ('{"a":NaN}', [("/a", "number")]),
        ('{"a":[1,Infinity,-Infinity]}', [("/a/1", "number"), ("/a/2", "number")]),
        ('{"a":{"b":1e400}}', [("/a/b", "number")]),
        ("-1e400", [("", "number")]),
        ('{"a":1' + "0" * MAX_DIGITS + "}", [("/a", "number")]),
        (r'{"a":"\ud800"}', [("/a", "surrogate")]),
        (r'{"a":"x\udc00y"}', [("/a", "surrogate")]),
        (r'["\ude42\ud83d"]', [("/0", "surrogate")]),
        (r'{"a":{"\ud800":1}}', [("/a", "surrogate")]),
        (r'{"\udfff":[NaN]}', [("", "surrogate"), (r"/\udfff/0", "number")]),
        ('{"a/b":{"c~d":NaN}}', [("/a~1b/c~0d", "number")]),
        ('{"":{"0":NaN}}', [("//0", "number")]),
        ('{"":NaN,"ok":1}', [("/", "number")]),
        (r'{"a":NaN,"b":"\ud800"}', [("/a", "number"), ("/b", "surrogate")]),
    ],
)
def test_what_could_not_come_back_as_it_is_is_refused_by_its_pointer(
    text: str, pointers: list[tuple[str, str]]
) -> None:
    assert refusal(text) == pointers


@pytest.mark.parametrize("text", ["[" * 1000 + "]" * 1000, '{"a":' * 100_000 + "1" + "}" * 100_000])
def test_nesting_beyond_all_sense_is_refused(text: str) -> None:
    assert refusal(text) == [("", "maxDepth")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"   ", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a":1', "not JSON"),
        (b'{"a" 1}', "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b"[1 2]", "not JSON"),
        (b"01", "not JSON"),
        (b"+1", "not JSON"),
        (b".5", "not JSON"),
        (b"1.", "not JSON"),
        (b"0x10", "not JSON"),
        (b"True", "not JSON"),
        (b"nan", "not JSON"),
        (b'"a', "not JSON"),
        (b'"\\x"', "not JSON"),
        (b'"\\ud8"', "not JSON"),
        (b'"a\nb"', "not JSON"),
        (b'"a\x00b"', "not JSON"),
        (b"{} {}", "not JSON"),
        (b"{}x", "not JSON"),
        (b"[NaN", "not JSON"),
        (b"// comment\n{}", "not JSON"),
        (b'\xef\xbb\xbf{"a":1}', "byte order mark"),
        (b'"\xff"', "not UTF-8"),
        (b'"\xc3"', "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b'{"\xe9":1}', "not UTF-8"),
        ("{}".encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_no_json_in_utf_8_is_malformed_and_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedRequest, match=reason):
        read_json(body)


@given(st.binary(max_size=30))
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(body: bytes) -> None:
    try:
        value = read_json(body)
    except (MalformedRequest, InvalidPattern):
        return
    assert same_json(value, json.loads(body))


@given(st.text(alphabet='{}[]",:0123456789.eE+-ntrufalsNI\\ud8x ', max_size=25))
def test_any_text_that_looks_like_json_is_read_or_refused(text: str) -> None:
    try:
        value = read_json(text.encode())
    except MalformedRequest:
        with pytest.raises(ValueError, match=r".+"):
            json.loads(text)
    except InvalidPattern:
        json.loads(text)
    else:
        assert same_json(value, json.loads(text))


@given(values, st.randoms())
def test_the_canonical_form_is_the_same_whatever_the_order_of_members(
    value: Any, random: Any
) -> None:
    shuffled = _shuffled(value, random)
    assert canonical_json(value) == canonical_json(shuffled)
    assert same_json(value, shuffled)


def _shuffled(value: Any, random: Any) -> Any:
    if isinstance(value, dict):
        names = random.sample(list(value), len(value))
        return {name: _shuffled(value[name], random) for name in names}
    if isinstance(value, list):
        return [_shuffled(item, random) for item in value]
    return value


@given(values, values)
def test_values_of_one_canonical_form_are_the_same(one: Any, other: Any) -> None:
    if canonical_json(one) == canonical_json(other):
        assert same_json(one, other)


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        (1, 1.0, True),
        (0, -0.0, True),
        (2**53, float(2**53), True),
        (2**53 + 1, float(2**53), False),
        (10**400, 10**400, True),
        (10**400, math.inf, False),
        (True, 1, False),
        (False, 0, False),
        (None, False, False),
        ("1", 1, False),
        ("a", "A", False),
        ("é", "e\u0301", False),
        ([1, 2], [1.0, 2.0], True),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        ([], {}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": None}, {}, False),
        ({"a": [True]}, {"a": [1]}, False),
    ],
)
def test_values_are_compared_as_json_compares_them(one: Any, other: Any, are_same: bool) -> None:
    assert same_json(one, other) is are_same
    assert same_json(other, one) is are_same


@pytest.mark.parametrize(
    ("token", "escaped"),
    [("a", "a"), ("a/b", "a~1b"), ("m~n", "m~0n"), ("~1", "~01"), ("", ""), (3, "3")],
)
def test_tokens_of_a_pointer_are_escaped_by_rfc_6901(token: object, escaped: str) -> None:
    assert escape_pointer(token) == escaped
