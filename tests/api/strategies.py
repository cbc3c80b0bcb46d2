"""What hypothesis makes up: any pattern that the vocabulary allows, any JSON, any body."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.api.vocabulary import FIELDS, MAY_BE_EMPTY, Field

TYPES = ("task_completion", "error_occurrence", "agent_usage", "user_correction")
MEMBERS = ("pattern_id", "pattern_type", "timestamp", "data", "context", "version", "stored")
KNOWN = {*MEMBERS, *(field.name for field in FIELDS)}

DIGITS = 4300
"""Of the longest integers taken."""
LEVELS = 150
"""Of nesting, well within what is taken."""

TEXT = st.text()
INTEGERS = st.integers() | st.integers(1, DIGITS).map(lambda digits: 1 - 10**digits)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}", fullmatch=True)


@dataclass(frozen=True)
class Moment:
    """A time as a client writes it, and as it comes back."""

    written: str
    normal: str


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    """Times in UTC, with or without saying so, or elsewhere; to the microsecond or beyond."""
    instant = draw(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))
    zone = draw(st.sampled_from(["", "Z", "z"]) | st.integers(-1439, 1439))
    local = instant
    if isinstance(zone, int):
        local += timedelta(minutes=zone)
        zone = timezone(timedelta(minutes=zone)).tzname(None).removeprefix("UTC")
    further = draw(st.text("0123456789", max_size=3))
    written = local.isoformat(draw(st.sampled_from("Tt ")), "microseconds") + further + zone
    return Moment(written, instant.isoformat(timespec="microseconds") + "Z")


@st.composite
def patterns(draw: st.DrawFn) -> dict[str, Any]:
    """Valid patterns with an id, any of the optional fields, and unknown ones everywhere."""
    pattern_type = draw(st.sampled_from(TYPES))
    members = st.fixed_dictionaries(
        {"pattern_id": IDS, "data": _objects(pattern_type)},
        optional={"context": _objects("context"), "version": TEXT, "stored": JSON},
    )
    posted: dict[str, Any] = {**draw(_unknown()), "pattern_type": pattern_type, **draw(members)}
    return posted


@st.composite
def nearly_patterns(draw: st.DrawFn) -> dict[str, Any]:
    """Patterns with one member set to anything."""
    posted = draw(patterns())
    place = draw(st.sampled_from([posted, posted["data"], posted.get("context", posted)]))
    place[draw(st.sampled_from(sorted(KNOWN)))] = draw(JSON)
    return posted


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Any bytes, and the texts of patterns with a piece cut out or something put in."""
    if draw(st.booleans()):
        return draw(st.binary())
    text = json.dumps(draw(patterns()), ensure_ascii=draw(st.booleans())).encode()
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    return text[:start] + draw(st.sampled_from(_INTRUDERS) | st.binary(max_size=8)) + text[end:]


_INTRUDERS = [
    *(b"", b" ", b"\n", b"\x00", b"\xff", b"\xef\xbb\xbf"),
    *rb', : { } " \ud800 NaN -Infinity 1e400 01'.split(),
    *(b"9" * (DIGITS + 1), b"[" * 5000, b'{"":' * 5000),
]


def _objects(place: str) -> SearchStrategy[dict[str, Any]]:
    """`data` of a type, or `context`."""
    fields = [field for field in FIELDS if field.place == place]
    known = st.fixed_dictionaries(
        {field.name: _values(field) for field in fields if field.required},
        optional={field.name: _values(field) for field in fields if not field.required},
    )
    return st.builds(lambda unknown, known: unknown | known, _unknown(), known)


def _unknown() -> SearchStrategy[dict[str, Any]]:
    names = TEXT.filter(lambda name: name not in KNOWN)
    deep = st.builds(_nested, JSON, st.integers(0, LEVELS))
    return st.dictionaries(names, JSON | deep, max_size=3)


def _nested(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = [value] if level % 2 else {"in": value}
    return value


def _values(field: Field) -> SearchStrategy[Any]:
    values = _of_kind(field.kind.replace("?", ""))
    if field.kind == "str" and field.required and field.name not in MAY_BE_EMPTY:
        values = values.filter(bool)
    return values | st.none() if field.may_be_null else values


def _of_kind(kind: str) -> SearchStrategy[Any]:
    match kind:
        case "str":
            return TEXT
        case "int":
            return INTEGERS.map(abs)
        case "bool":
            return st.booleans()
        case "float":
            return FLOATS | st.integers(-(2**53), 2**53)
        case "float 0-100":
            return st.floats(0, 100) | st.integers(0, 100)
        case "list[str]":
            return st.lists(TEXT, max_size=4)
        case "object":
            return st.dictionaries(TEXT, JSON, max_size=4)
        case "iso8601":
            return moments().map(lambda moment: moment.written)
    return st.sampled_from(kind.split("·"))
