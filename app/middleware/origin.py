"""Keeping web pages away: no page may use a developer's browser against the service.

Browsers let any page send requests to a loopback address, directly or through a name that
the page's owner points there (DNS rebinding). So the Host header must be a name that is ours,
and an unsafe method must not come from a page of another origin (Fetch Metadata, RFC 6454).
"""

import ipaddress
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import ForeignOrigin
from app.problems import response_for

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Whether an address or name is the machine's own, out of others' reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class OriginGuard:
    """Answers 403 to requests that a page may be behind of an origin that is not allowed."""

    def __init__(
        self, app: ASGIApp, allowed_hosts: Collection[str], allowed_origins: Collection[str]
    ) -> None:
        self._app = app
        self._origins = frozenset(allowed_origins)
        self._hosts = _LOOPBACK | {host.lower() for host in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (objection := self._objection(scope)):
            response = response_for(ForeignOrigin(objection), scope["path"])
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _objection(self, scope: Scope) -> str | None:
        host, origin, site = "", None, None
        for name, value in reversed(scope["headers"]):  # the first of a name counts
            if name == b"host":
                host = value.decode("latin-1")
            elif name == b"origin":
                origin = value.decode("latin-1")
            elif name == b"sec-fetch-site":
                site = value.decode("latin-1")
        if "*" not in self._hosts and _name(f"//{host}") not in self._hosts:
            return f"The Host {host!r} is not served; PATTERNS_ALLOWED_HOSTS names further ones."
        if scope["method"] in _SAFE or origin in self._origins:
            return None
        if site == "cross-site":
            return "A web page of another site may not do this."
        if origin is not None and _authority(origin) != host.lower():
            return f"A web page of the origin {origin!r} may not do this."
        return None


def _authority(origin: str) -> str | None:
    """The host and port of an origin; None where it has none, as `null` has."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
