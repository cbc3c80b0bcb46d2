"""One pattern: posted, read, replaced, changed, deleted."""

import re

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.errors import (
    FieldError,
    ForbiddenProject,
    InvalidPattern,
    InvalidRequest,
    PatternExists,
    PatternNotFound,
    PreconditionFailed,
)
from app.keys.key import Scope
from app.routes.bodies import JSON_TYPES, PATCH_TYPES, media_type, read_body
from app.routes.components import JSON, content, refs
from app.routes.direct import DirectRoute, header_parameter, operation
from app.routes.headers import header
from app.routes.parameters import Parameters, read_parameters
from app.routes.preconditions import is_known, precondition
from app.routes.refusals import BODY, PARAMETERS, STORAGE
from app.routes.state import state_of
from app.schemas.fields import PATTERN_ID
from app.schemas.json_text import read_json
from app.schemas.records import StoredDocument

router = APIRouter(route_class=DirectRoute)

_ID = {
    "name": "pattern_id",
    "in": "path",
    "required": True,
    "description": "The pattern's id.",
    "schema": {"type": "string", "pattern": PATTERN_ID},
    "example": "pat-20251129-100000-001",
}
_ETAGS = r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'
_IF_MATCH = header_parameter(
    "If-Match",
    "Change it only in the state this ETag names, or else answer 412.",
    '"1-42"',
    pattern=_ETAGS,
)
_IF_NONE_MATCH = header_parameter(
    "If-None-Match", "Answer 304 where this is still its ETag.", '"1-42"', pattern=_ETAGS
)
_SEEN = {"headers": refs("headers", "ETag"), "content": content("StoredPattern")}
_CREATED = _SEEN | {"headers": refs("headers", "ETag", "Location")}
_NOT_MODIFIED = {
    "description": "Still the state the client has.",
    "headers": refs("headers", "ETag"),
}
IDEMPOTENCY_KEY = "^[!-~]{1,255}$"
"""The visible characters of ASCII."""


@router.post(
    "/v1/patterns",
    **operation(
        "createPattern",
        "Store one pattern",
        "Stores a pattern and answers once it is durable. The same pattern again, what was "
        "received then or what is there now, is stored once and answered 200, so a retry is "
        "safe; another content under its id is a 409. With `Idempotency-Key` that also holds "
        "for a pattern without an id.",
        tag="patterns",
        scope=Scope.WRITE,
        parameters=[
            header_parameter(
                "Idempotency-Key",
                "Gives a pattern without an id one that depends on this key alone: "
                "1 to 255 visible ASCII characters.",
                "7d1f0f5e-hook-17",
                pattern=IDEMPOTENCY_KEY,
            )
        ],
        body=content("Pattern"),
        body_description="The pattern.",
        answers={
            201: {"description": "Stored."} | _CREATED,
            200: {"description": "It was there already; this is its present state."} | _SEEN,
        },
        problems=(
            *PARAMETERS,
            *BODY,
            ForbiddenProject,
            InvalidPattern,
            PatternExists,
            *STORAGE,
        ),
    ),
)
async def create_pattern(request: Request) -> Response:
    read_parameters(request, Parameters)
    media_type(request, JSON_TYPES)
    key = idempotency_key(request)
    state = state_of(request)
    body = await read_body(request, state.max_pattern_bytes)
    written = await state.service.ingest(read_json(body), key=key)
    return _PatternAnswer(written.pattern, created=written.created)


@router.get(
    "/v1/patterns/{pattern_id}",
    **operation(
        "getPattern",
        "Read one pattern",
        "The pattern as it was posted, with `stored` added.",
        tag="patterns",
        scope=Scope.READ,
        parameters=[_ID, _IF_NONE_MATCH],
        answers={
            200: {"description": "The pattern."} | _SEEN,
            304: _NOT_MODIFIED,
        },
        problems=(*PARAMETERS, PatternNotFound, *STORAGE),
    ),
)
async def get_pattern(request: Request) -> Response:
    read_parameters(request, Parameters)
    pattern = await state_of(request).service.get(request.path_params["pattern_id"])
    if is_known(request, pattern.etag):
        return Response(status_code=304, headers={"ETag": pattern.etag})
    return _PatternAnswer(pattern)


@router.head(
    "/v1/patterns/{pattern_id}",
    **operation(
        "headPattern",
        "See whether a pattern is there",
        "What GET answers, without the body.",
        tag="patterns",
        scope=Scope.READ,
        parameters=[_ID, _IF_NONE_MATCH],
        answers={
            200: {"description": "It is there.", "headers": refs("headers", "ETag")},
            304: _NOT_MODIFIED,
        },
        problems=(*PARAMETERS, PatternNotFound, *STORAGE),
        bodyless=True,
    ),
)
async def head_pattern(request: Request) -> Response:
    return await get_pattern(request)


@router.put(
    "/v1/patterns/{pattern_id}",
    **operation(
        "putPattern",
        "Create or replace a pattern",
        "Stores the pattern under the id of the URL, whether or not there is one. Id, type and "
        "timestamp never change. What a GET returned can be sent back as it is.",
        tag="patterns",
        scope=Scope.WRITE,
        parameters=[
            _ID,
            _IF_MATCH,
            header_parameter(
                "If-None-Match",
                "`*`: create it, or answer 412 if it is there.",
                "*",
                pattern=_ETAGS,
            ),
        ],
        body=content("Pattern"),
        body_description="The whole pattern; its id may be left out.",
        answers={
            200: {"description": "Replaced, or the same as before."} | _SEEN,
            201: {"description": "Created."} | _CREATED,
        },
        problems=(
            *PARAMETERS,
            *BODY,
            ForbiddenProject,
            InvalidPattern,
            PatternExists,
            PreconditionFailed,
            *STORAGE,
        ),
    ),
)
async def put_pattern(request: Request) -> Response:
    read_parameters(request, Parameters)
    media_type(request, JSON_TYPES)
    pattern_id = request.path_params["pattern_id"]
    if re.fullmatch(PATTERN_ID[1:-1], pattern_id) is None:
        detail = "Must be 1-128 letters, digits and ._:@+-, beginning with a letter or digit."
        raise InvalidRequest(
            "The id in the path is not valid; see errors.",
            [FieldError("parameter", "pattern_id", "pattern", detail)],
        )
    condition = precondition(request)
    state = state_of(request)
    body = await read_body(request, state.max_pattern_bytes)
    written = await state.service.put(pattern_id, read_json(body), condition)
    return _PatternAnswer(written.pattern, created=written.created)


@router.patch(
    "/v1/patterns/{pattern_id}",
    **operation(
        "patchPattern",
        "Change parts of a pattern",
        "Applies a JSON merge patch (RFC 7396): members replace, null removes, objects merge. "
        "So an agent adds the `resolution` when it has found it. The result is validated whole.",
        tag="patterns",
        scope=Scope.WRITE,
        parameters=[_ID, _IF_MATCH],
        body=content("PatternPatch", "application/merge-patch+json")
        | content("PatternPatch", JSON),
        body_description="The patch.",
        answers={200: {"description": "The pattern as it is now."} | _SEEN},
        problems=(
            *PARAMETERS,
            *BODY,
            PatternNotFound,
            PreconditionFailed,
            ForbiddenProject,
            InvalidPattern,
            *STORAGE,
        ),
    ),
)
async def patch_pattern(request: Request) -> Response:
    read_parameters(request, Parameters)
    media_type(request, PATCH_TYPES)
    condition = precondition(request)
    state = state_of(request)
    body = await read_body(request, state.max_pattern_bytes)
    pattern_id = request.path_params["pattern_id"]
    return _PatternAnswer(await state.service.patch(pattern_id, read_json(body), condition))


@router.delete(
    "/v1/patterns/{pattern_id}",
    **operation(
        "deletePattern",
        "Delete one pattern",
        "Deletes it for good; an export with `deletes=true` tells of it for 30 days.",
        tag="patterns",
        scope=Scope.WRITE,
        parameters=[_ID, _IF_MATCH],
        answers={204: {"description": "Deleted."}},
        problems=(*PARAMETERS, PatternNotFound, PreconditionFailed, *STORAGE),
    ),
)
async def delete_pattern(request: Request) -> Response:
    read_parameters(request, Parameters)
    pattern_id = request.path_params["pattern_id"]
    await state_of(request).service.delete(pattern_id, precondition(request))
    return Response(status_code=204)


def idempotency_key(request: Request) -> str | None:
    """The key of a request to be retried. Raises InvalidRequest where it cannot be one."""
    if header(request, b"idempotency-key") is None:
        return None
    values = request.headers.getlist("idempotency-key")
    if len(values) > 1 or not re.fullmatch(IDEMPOTENCY_KEY, values[0]):
        detail = "Must be given once, as 1 to 255 visible ASCII characters."
        raise InvalidRequest(
            "The header Idempotency-Key is not valid; see errors.",
            [FieldError("header", "Idempotency-Key", "format", detail)],
        )
    return values[0]


class _PatternAnswer(Response):
    """An answer of one pattern, whose few headers are made without looking for others."""

    def __init__(self, pattern: StoredDocument, *, created: bool = False) -> None:
        self.status_code = 201 if created else 200
        self.background = None
        self.body = pattern.json
        self.raw_headers = [(b"etag", pattern.etag.encode())]
        if created:
            self.raw_headers.append((b"location", b"/v1/patterns/" + pattern.pattern_id.encode()))
        self.raw_headers += [
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", JSON.encode()),
        ]
