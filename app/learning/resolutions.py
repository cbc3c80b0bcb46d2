"""What makes two resolutions one."""

import hashlib
from functools import lru_cache

_REMEMBERED = 1024
_LONGEST_REMEMBERED = 4096
"""Characters: what fixes an error of a flood is told with each of them, and is seldom long."""


def resolution_hash(text: str) -> str | None:
    """16 hexadecimal digits for a text, but for case and white space; None for a blank one."""
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _hash(text)


def resolution_id(group_id: str, resolution: str) -> str:
    """The id of a resolution of a group, by its hash; it says which group that is."""
    return f"res-{resolution}-{group_id.removeprefix('err-')}"


def _hash(text: str) -> str | None:
    words = text.casefold().split()
    if not words:
        return None
    joined = " ".join(words).encode("utf-8", "replace")
    return hashlib.blake2b(joined, digest_size=8).hexdigest()


_remembered = lru_cache(_REMEMBERED)(_hash)
