"""JSON as the store takes it: every value comes back exactly, or is refused by its pointer.

What JSON can spell and the store cannot keep faithfully is refused: NaN and infinities,
numbers beyond a double's range, lone surrogates, integers of more digits than Python reads,
and nesting deeper than the parser goes.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import orjson
from pydantic_core import from_json, to_json

from app.errors import FieldError, InvalidPattern, MalformedRequest

MAX_DIGITS = 4300
"""Digits of an integer, CPython's own default (`sys.set_int_max_str_digits`)."""


_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def read_json(body: bytes) -> Any:
    """The value a JSON text stands for; of duplicate keys the last counts.

    Raises MalformedRequest where the text is no JSON in UTF-8, InvalidPattern where it holds a
    value that could not come back as it is.
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise _diagnosis(body, str(error)) from None


def write_json(value: Any) -> bytes:
    """A value as JSON text, members in their order.

    Raises InvalidPattern where a number had overflowed to an infinity when it was read.
    """
    text = to_json(value, inf_nan_mode="constants")
    if b"Infinity" in text and (errors := list(_unrepresentable(value, ""))):
        raise InvalidPattern(errors)
    return text


def ascii_json(text: str) -> str:
    """A JSON text with every character beyond ASCII escaped (RFC 8259, section 7)."""
    if text.isascii():
        return text
    return _BEYOND_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)


def canonical_json(value: Any) -> bytes:
    """The same bytes for equal values, whatever the order of their members."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode()


def same_json(one: Any, other: Any) -> bool:
    """Whether two values are equal as JSON: `1` is `1.0`, but `true` is not `1`."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def escape_pointer(token: object) -> str:
    """One reference token of a JSON Pointer (RFC 6901, section 3)."""
    return str(token).replace("~", "~0").replace("/", "~1")


class _Refused(str):
    """Stands in a parsed value for a token that cannot be kept, and says why."""


def _read_int(digits: str) -> Any:
    if len(digits) > MAX_DIGITS:
        return _Refused(f"an integer of more than {MAX_DIGITS} digits")
    return int(digits)


def _diagnosis(body: bytes, reason: str) -> Exception:
    """Tell a text that is no JSON from one whose values cannot be kept."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return MalformedRequest(f"The body is not UTF-8: invalid byte at offset {error.start}.")
    if text.startswith("\ufeff"):
        return MalformedRequest("The body begins with a byte order mark; send UTF-8 without one.")
    try:
        value = json.loads(
            text,
            parse_int=_read_int,
            parse_constant=lambda name: _Refused(f"{name}, which JSON does not have"),
        )
        errors = list(_unrepresentable(value, ""))
    except RecursionError:
        errors = []
    except ValueError:
        return MalformedRequest(f"The body is not JSON: {reason}.")
    if errors:
        return InvalidPattern(errors)
    return InvalidPattern([FieldError("pointer", "", "maxDepth", f"Nested too deep: {reason}.")])


def _unrepresentable(value: Any, pointer: str) -> Iterator[FieldError]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _unrepresentable(key, pointer)
            shown = key.encode(errors="backslashreplace").decode()
            yield from _unrepresentable(member, f"{pointer}/{escape_pointer(shown)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unrepresentable(item, f"{pointer}/{index}")
    elif isinstance(value, _Refused):
        yield FieldError("pointer", pointer, "number", f"Must not be {value}.")
    elif isinstance(value, float) and not math.isfinite(value):
        yield FieldError("pointer", pointer, "number", "Must be within a double's range.")
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            yield FieldError("pointer", pointer, "surrogate", "Holds a lone surrogate.")
