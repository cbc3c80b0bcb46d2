"""Errors as answers: `application/problem+json`, RFC 9457. One table maps each to HTTP."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Mount

from app import errors
from app.schemas.answers import FieldProblem

MEDIA_TYPE = "application/problem+json"
_URN = "urn:pattern-store:problem:"
_PATH_CHARACTERS = "/:@!$&'()*+,;="
"""Beside letters, digits and `-._~`, what a URI's path holds as it is (RFC 3986)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem: its status, its name in the type's URN, its title, what to send along."""

    status: int
    name: str
    title: str
    headers: Mapping[str, str] | None = None


_RETRY = {"Retry-After": "1"}

TABLE: dict[type[Exception], ProblemType] = {
    errors.MalformedRequest: ProblemType(400, "malformed", "The request cannot be read"),
    errors.Unauthenticated: ProblemType(
        401, "unauthenticated", "A key is needed", {"WWW-Authenticate": "Bearer"}
    ),
    errors.ForeignOrigin: ProblemType(403, "foreign-origin", "Not for web pages of other origins"),
    errors.InsufficientScope: ProblemType(403, "insufficient-scope", "Not with this key"),
    errors.ForbiddenProject: ProblemType(403, "forbidden-project", "Not in this project"),
    errors.PatternNotFound: ProblemType(404, "pattern-not-found", "No such pattern"),
    errors.NoSuchSchema: ProblemType(404, "schema-not-found", "No such schema"),
    errors.GroupNotFound: ProblemType(404, "group-not-found", "No such group"),
    errors.ResolutionNotFound: ProblemType(404, "resolution-not-found", "No such resolution"),
    errors.DecisionNotFound: ProblemType(404, "decision-not-found", "No such decision"),
    errors.BodyTooSlow: ProblemType(408, "too-slow", "Too slow", {"Connection": "close"}),
    errors.PatternExists: ProblemType(409, "pattern-exists", "The id holds another content"),
    errors.HistoryGone: ProblemType(410, "history-gone", "Deletions that old are forgotten"),
    errors.PreconditionFailed: ProblemType(412, "precondition-failed", "Precondition failed"),
    errors.BodyTooLarge: ProblemType(413, "too-large", "Too large"),
    errors.UnsupportedMediaType: ProblemType(415, "unsupported-media-type", "Type not taken"),
    errors.InvalidPattern: ProblemType(422, "invalid-pattern", "Not a valid pattern"),
    errors.InvalidRequest: ProblemType(422, "invalid-request", "Not a valid request"),
    errors.QueryTooExpensive: ProblemType(
        422, "query-too-expensive", "The query would take too long"
    ),
    errors.Overloaded: ProblemType(429, "overloaded", "More than can be answered soon", _RETRY),
    errors.RateLimited: ProblemType(429, "rate-limited", "Too many requests", _RETRY),
    errors.HeadTooLarge: ProblemType(431, "head-too-large", "Too large a head"),
    errors.StorageUnavailable: ProblemType(
        503, "storage-unavailable", "The storage does not answer", _RETRY
    ),
    errors.DamagedStore: ProblemType(503, "damaged-store", "What is stored is damaged"),
    errors.KeysUnavailable: ProblemType(503, "keys-unavailable", "The keys cannot be read", _RETRY),
    errors.StillLoading: ProblemType(503, "still-loading", "Not read yet", _RETRY),
    errors.ShuttingDown: ProblemType(503, "shutting-down", "The service is stopping", _RETRY),
}

NOT_FOUND = ProblemType(404, "not-found", "Nothing is here")
METHOD_NOT_ALLOWED = ProblemType(405, "method-not-allowed", "Method not allowed here")
INTERNAL = ProblemType(500, "internal", "The service failed")

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""Those that any path takes."""


def problem_type(error: Exception) -> ProblemType:
    """The entry of the nearest class in the table."""
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind]
    return INTERNAL


def field_problems(error: Exception) -> list[FieldProblem]:
    """What an error says about single fields."""
    found = error.errors if isinstance(error, errors.InvalidRequest) else ()
    return [
        {field.kind: field.location, "code": field.code, "detail": field.detail}  # type: ignore[misc]
        for field in found
    ]


def problem_response(
    kind: ProblemType, detail: str, path: str, members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """The answer for a problem at a path, with extension members and further headers."""
    content = {
        "type": _URN + kind.name,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": quote(path, safe=_PATH_CHARACTERS),
    }
    return Response(
        to_json(content | dict(members or {})),
        kind.status,
        {**(kind.headers or {}), **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def response_for(error: Exception, path: str, members: Mapping[str, Any] | None = None) -> Response:
    """The answer for a domain error."""
    fields = field_problems(error)
    return problem_response(
        problem_type(error),
        str(error),
        path,
        ({"errors": fields} if fields else {}) | dict(members or {}),
        {"Retry-After": str(error.seconds)} if isinstance(error, errors.RateLimited) else None,
    )


def internal_error(path: str) -> Response:
    """The answer for a failure of our own; it tells nothing of the inside."""
    return problem_response(
        INTERNAL, "Something failed inside; the log has it under this X-Request-ID.", path
    )


def register(app: FastAPI) -> None:
    """Have an application answer this way what no route of ours answers."""
    app.add_exception_handler(HTTPException, _http_error)


def domain_error(error: Exception, path: str) -> Response:
    """The answer for a domain error that a route at a path ended in; the log has it if need be."""
    if isinstance(error, errors.StorageUnavailable):
        _log.error("storage unavailable: %s", error)
    return response_for(error, path)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.scope["path"]
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_allowed_methods(request))
        detail = f"{request.method} is not allowed here; allowed: {allowed}."
        return problem_response(METHOD_NOT_ALLOWED, detail, path, headers={"Allow": allowed})
    if error.status_code == HTTPStatus.NOT_FOUND:
        elsewhere = "; see /docs" if request.app.openapi_url else ""
        return problem_response(NOT_FOUND, f"There is nothing at {path}{elsewhere}.", path)
    kind = ProblemType(error.status_code, "http", HTTPStatus(error.status_code).phrase)
    return problem_response(kind, str(error.detail), path, headers=error.headers)


def _allowed_methods(request: Request) -> list[str]:
    """The methods that a path takes; the framework would name those of its first route alone."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    return [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ] or ["GET", "HEAD"]  # of what is mounted: files
