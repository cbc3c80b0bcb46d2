"""Headers that every answer has, so that browsers and caches do no harm with it."""

from collections.abc import Iterable

Header = tuple[bytes, bytes]

_ALWAYS: list[Header] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]
_KEPT_BY_NOBODY = [*_ALWAYS, (b"cache-control", b"no-store")]
_ASKED_AGAIN = [*_ALWAYS, (b"cache-control", b"private, no-cache")]
"""For what has an ETag: its client may keep it, and asks whether it still holds."""


def protected(headers: Iterable[Header]) -> list[Header]:
    """An answer's headers and these."""
    headers = [*headers]
    is_tagged = b"etag" in [name for name, _ in headers]
    return headers + (_ASKED_AGAIN if is_tagged else _KEPT_BY_NOBODY)
