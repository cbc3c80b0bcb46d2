"""The short way of a request: from its method and path straight to the endpoint.

FastAPI tries one route after the other and lays stacks of its own around each call, for
parameters and dependencies that direct routes don't have. That cost more than storing a pattern
durably. So it declares these routes, for the OpenAPI document, and is asked only where none of
them is meant: for what is not found, for methods that are not allowed, for files.
"""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.routes.direct import DirectRoute


class Dispatch:
    """Answers the requests for direct routes, and leaves the others to the application."""

    def __init__(self, app: ASGIApp, routes: Iterable[DirectRoute]) -> None:
        self._app = app
        self._fixed: dict[tuple[str, str], DirectRoute] = {}
        self._patterns: dict[str, list[DirectRoute]] = {}
        for route in routes:
            for method in route.methods or ():
                if route.param_convertors:
                    self._patterns.setdefault(method, []).append(route)
                else:
                    self._fixed[method, route.path] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._route(scope) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        response = await route.answer(Request(scope, receive))
        await response(scope, receive, send)

    def _route(self, scope: Scope) -> DirectRoute | None:
        method, path = scope["method"], scope["path"]
        route = self._fixed.get((method, path))
        if route is not None:
            scope["path_params"] = {}
            return route
        for route in self._patterns.get(method, ()):
            if match := route.path_regex.match(path):
                scope["path_params"] = match.groupdict()
                return route
        return None
