"""How large, deep and many-membered a pattern may be, and how long what filters compare."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import BodyTooLarge, FieldError, InvalidPattern

_NAMES = (
    ("context", "project_name"),
    ("context", "session_id"),
    ("context", "user_id"),
    ("data", "agent"),
    ("data", "agent_type"),
    ("data", "task_type"),
    ("data", "error_type"),
)
"""What filters compare, beside tags: each is kept in indexes too."""


_ADDED_BYTES = 1024
"""More than what the server adds to a pattern: an id, a time, a version."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one pattern may amount to.

    `size` is in bytes of its JSON text, `depth` in objects and arrays within each other, `values`
    in members and items altogether, `name_length` in characters of a tag or another name.
    """

    size: int
    depth: int
    values: int
    tags: int
    name_length: int

    def check_size(self, document: bytes) -> None:
        """Raise BodyTooLarge where a pattern, as text, has grown too large."""
        if len(document) > self.size + _ADDED_BYTES:
            raise BodyTooLarge(f"A pattern may have {self.size} bytes; this one would have more.")

    def check(self, pattern: Mapping[str, Any], document: bytes) -> None:
        """Raise InvalidPattern where a checked pattern, given as its text too, is more.

        The text tells at once of most patterns that they are not. Its size is for the caller to
        check: what was received has its limit already.
        """
        opened = document.count(b"{") + document.count(b"[")
        if opened > self.depth and _depth(pattern) > self.depth:
            raise _refused("", "maxDepth", f"Nested deeper than {self.depth}.")
        if opened + document.count(b",") > self.values and _values(pattern) > self.values:
            raise _refused("", "maxProperties", f"Has more than {self.values} members and items.")
        tags = pattern.get("context", {}).get("tags", ())
        if len(tags) > self.tags:
            raise _refused("/context/tags", "maxItems", f"Has more than {self.tags} tags.")
        if len(document) > self.name_length and (errors := [*self._too_long(pattern, tags)]):
            raise InvalidPattern(errors)

    def _too_long(self, pattern: Mapping[str, Any], tags: list[str]) -> Iterator[FieldError]:
        named = [(f"/{part}/{name}", pattern.get(part, {}).get(name)) for part, name in _NAMES] + [
            (f"/context/tags/{place}", tag) for place, tag in enumerate(tags)
        ]
        for pointer, text in named:
            if isinstance(text, str) and len(text) > self.name_length:
                detail = f"Must have at most {self.name_length} characters."
                yield FieldError("pointer", pointer, "maxLength", detail)


def _refused(pointer: str, code: str, detail: str) -> InvalidPattern:
    return InvalidPattern([FieldError("pointer", pointer, code, detail)])


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.values()]
    return value if isinstance(value, list) else []


def _depth(value: Any) -> int:
    """How many objects and arrays lie within each other."""
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [member for each in level for member in _members(each)]
    return depth


def _values(value: Any) -> int:
    """How many members and items there are, at any depth."""
    found, left = 0, [value]
    while left:
        members = _members(left.pop())
        found += len(members)
        left += members
    return found
