"""Letting the pages of some origins in: Cross-Origin Resource Sharing, none unless it is set."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.problems import METHODS


class CrossOrigin:
    """Answers the questions of browsers that show a page of these origins; no others get any."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode("latin-1") for origin in origins)
        self._sharing = CORSMiddleware(
            app,
            allow_origins=[*origins],
            allow_methods=METHODS,
            allow_headers=["*"],
            expose_headers=["ETag", "Link", "Location", "Retry-After", "X-Request-ID"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(
            name == b"origin" and value in self._origins for name, value in scope["headers"]
        ):
            await self._sharing(scope, receive, send)
        else:
            await self._app(scope, receive, send)
