"""The short way of a request: from its method and path straight to the endpoint.

FastAPI tries one route after the other and lays stacks of its own around each call, for
parameters and dependencies that direct routes don't have. That cost more than storing a pattern
durably. So it declares these routes, for the OpenAPI document, and is asked only where none of
them is meant: for what is not found, for methods that are not allowed, for files.
"""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import Overloaded
from app.problems import domain_error
from app.routes.admission import Admission
from app.routes.direct import UNLIMITED, DirectRoute

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Dispatch:
    """Answers the requests for direct routes, and leaves the others to the application."""

    def __init__(self, app: ASGIApp, routes: Iterable[DirectRoute], admission: Admission) -> None:
        self._app = app
        self._admission = admission
        self._unlimited: set[str] = set()
        self._fixed: dict[tuple[str, str], DirectRoute] = {}
        self._patterns: dict[str, list[DirectRoute]] = {}
        for route in routes:
            if UNLIMITED in route.tags:
                self._unlimited.add(route.path)
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
        scope["turn"] = turn = self._admission.turn()
        try:
            if scope["method"] in _WITH_BODY:
                self._admission.check()  # its turn begins when the body is there
            elif route.path not in self._unlimited:
                turn.begin()
            response = await route.answer(Request(scope, receive))
        except Overloaded as error:
            response = domain_error(error, scope["path"])
        finally:
            turn.end()
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
