"""Whose request it is: the key that it brings, before anything else of it is looked at."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import PatternStoreError
from app.keys.guard import Guard
from app.keys.key import NOBODY
from app.problems import response_for

_OPEN = frozenset({"/healthz", "/readyz", "/docs", "/openapi.json"})
"""Paths that need no key: they tell nothing of what is stored. So do those under `_ASSETS`."""

_ASSETS = "/docs/assets/"
_BEARER = b"bearer "


class Authentication:
    """Notes the caller in the request's scope; answers 401 to one who is not let in."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if path in _OPEN or path.startswith(_ASSETS):
                scope["caller"] = NOBODY
            else:
                try:
                    scope["caller"] = self._guard.caller(_key_of(scope))
                except PatternStoreError as error:
                    await response_for(error, path)(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def _key_of(scope: Scope) -> bytes | None:
    """The key's text: a bearer token (RFC 6750), or else what X-API-Key has."""
    found = None
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == _BEARER:
            token: bytes = value[7:].strip()
            return token
        if name == b"x-api-key":
            found = value
    return found
