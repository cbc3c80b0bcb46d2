"""Old records brought into form where it is certain how, and else left as they are.

What is left wrong is found by the checks that every pattern has to pass.
"""

import re
from datetime import UTC, datetime, tzinfo
from functools import reduce
from operator import getitem
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.schemas.fields import PatternType
from app.schemas.patterns import PATTERN

UNKNOWN = "unknown"
"""The agent of a correction that names none."""

_NAME = re.compile(r"(?P<stem>.*?(?P<time>\d{8}_\d{6}).*?)\.json(\.gz)?")


def converted(value: Any, zone: tzinfo, *, name: str = "") -> Any:
    """A pattern made of an old record; naive times are those of a zone.

    The name of the record's file has an id and a time for a record that has none.
    """
    if not isinstance(value, dict):
        return value
    pattern: dict[str, Any] = {**value}
    if "pattern_type" not in pattern and "type" in pattern:
        pattern["pattern_type"] = pattern.pop("type")
    if named := _NAME.fullmatch(name):
        pattern["pattern_id"] = pattern.get("pattern_id") or named["stem"]
        pattern["timestamp"] = pattern.get("timestamp") or named["time"].replace("_", "T")
    if type(pattern.get("version")) in (int, float):
        pattern["version"] = str(pattern["version"])
    if pattern.get("context") is None:
        pattern["context"] = {}
    for holder in (pattern, pattern["context"]):
        if isinstance(holder, dict) and "timestamp" in holder:
            holder["timestamp"] = _aware(holder["timestamp"], zone)
    _name_agent(pattern)
    _repair(pattern)
    return pattern


def _aware(time: Any, zone: tzinfo) -> Any:
    """A time in UTC: of seconds since the epoch, or of a text without offset in a zone."""
    try:
        if type(time) in (int, float):
            return datetime.fromtimestamp(time, UTC).isoformat()
        if isinstance(time, str) and (moment := datetime.fromisoformat(time)).tzinfo is None:
            return moment.replace(tzinfo=zone).astimezone(UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return time
    return time


def _name_agent(pattern: dict[str, Any]) -> None:
    """Give a correction the agent that its context names; the first schema did not ask."""
    data, context = pattern.get("data"), pattern["context"]
    if pattern.get("pattern_type") != PatternType.USER_CORRECTION or not isinstance(data, dict):
        return
    if data.get("agent") is None:
        named = context.get("agent") if isinstance(context, dict) else None
        data["agent"] = named if isinstance(named, str) and named else UNKNOWN


def _repair(pattern: dict[str, Any]) -> None:
    try:
        PATTERN.validate_python(pattern)
    except ValidationError as error:
        for details in error.errors():
            _repair_member(pattern, details)


def _repair_member(pattern: dict[str, Any], details: ErrorDetails) -> None:
    """Make a whole number an integer, and drop a null that says nothing."""
    location, value = details["loc"][1:], details["input"]  # without the pattern's type
    if not location or details["type"] == "missing":
        return
    holder = reduce(getitem, location[:-1], pattern)  # type: ignore[arg-type]
    if value is None and isinstance(holder, dict):
        del holder[str(location[-1])]
    elif details["type"] == "int_type" and isinstance(value, float) and value.is_integer():
        holder[location[-1]] = int(value)  # type: ignore[index]
