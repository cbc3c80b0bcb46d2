"""Conditional requests: If-Match and If-None-Match, RFC 9110, section 13.1."""

import re

from fastapi import Request

from app.errors import FieldError, InvalidRequest
from app.routes.headers import header
from app.service.preconditions import ANY, Precondition

_ETAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST = re.compile(rf"\s*{_ETAG}\s*(?:,\s*{_ETAG}\s*)*")


def precondition(request: Request) -> Precondition:
    """What a changing request makes its change conditional on. Raises InvalidRequest."""
    return Precondition(
        if_match=_tags(request, "If-Match", weak=False),
        if_none_match=_tags(request, "If-None-Match", weak=True),
    )


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has this state already, so that 304 will do."""
    tags = _tags(request, "If-None-Match", weak=True)
    return tags is not None and (ANY in tags or etag in tags)


def _tags(request: Request, name: str, *, weak: bool) -> frozenset[str] | None:
    """A header's entity tags; weak ones count only where the comparison is weak."""
    if header(request, name.lower().encode()) is None:
        return None
    values = request.headers.getlist(name)
    value = ",".join(values).strip()
    if value == ANY:
        return frozenset({ANY})
    if _LIST.fullmatch(value) is None:
        detail = 'Must be "*" or entity tags such as "1-42", in their quotes.'
        raise InvalidRequest(
            f"The header {name} is not valid; see errors.",
            [FieldError("header", name, "format", detail)],
        )
    tags = re.findall(_ETAG, value)
    return frozenset(tag.removeprefix("W/") for tag in tags if weak or not tag.startswith("W/"))
