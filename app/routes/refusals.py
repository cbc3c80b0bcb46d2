"""The answers of calls that fail, as OpenAPI tells of them: each problem with an example.

The examples are made as the answers are, from the errors themselves.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from app import errors
from app.errors import FieldError
from app.problems import (
    INTERNAL,
    MEDIA_TYPE,
    TABLE,
    ProblemType,
    internal_error,
    problem_type,
    response_for,
)
from app.routes.components import HEADERS, ref, refs

ANY_CALL = (errors.ForeignOrigin, errors.HeadTooLarge, Exception)
KEYED = (
    errors.Unauthenticated,
    errors.InsufficientScope,
    errors.RateLimited,
    errors.KeysUnavailable,
)
"""What a call refuses that needs a key, where the service has keys."""

PARAMETERS = (errors.MalformedRequest, errors.InvalidRequest)
"""What a call refuses that reads its query string or its headers."""

BODY = (
    errors.MalformedRequest,
    errors.BodyTooSlow,
    errors.BodyTooLarge,
    errors.UnsupportedMediaType,
)
"""What a call refuses that reads a body."""

_DESCRIPTIONS = {
    400: "The body is no JSON, or an encoding is broken.",
    401: "The service has keys, and the request brings none that is good.",
    403: "Not with this key; or a web page of another origin, or a Host that is not served.",
    404: "It is not there.",
    408: "The body did not arrive in the time it is given.",
    409: "The id holds another content, or is taken where the key does not reach.",
    410: "Deletions that old are forgotten: start again at `after_seq=0`.",
    412: "The precondition does not hold.",
    413: "Larger than the service takes.",
    415: "The body comes as a type or in a coding that the call does not take.",
    422: "The request breaks the rules named in `errors`, or asks for too much at once.",
    429: "Too much is under way, or the key has made its requests of this minute: try again, "
    "after the seconds in `Retry-After`.",
    431: "The request line and the headers are larger than the service takes.",
    500: "The service failed.",
    503: "The storage does not answer, or the keys or what was learned cannot be read now: try "
    "again. Or what is stored is damaged, which the problem's `type` tells.",
}

STORAGE = (errors.StorageUnavailable, errors.DamagedStore)
"""What any call can end in that needs the storage."""

LEARNED = (errors.StillLoading, *STORAGE)
"""What a call ends in that asks for what was learned, where it cannot answer."""

SEARCH = (errors.QueryTooExpensive, *STORAGE)
"""What a call ends in that looks for patterns by filters, where it cannot answer."""

_ID = "pat-20251129-100000-001"
_RESOLUTION = "res-5b1f0c77a2e94d30-07f1c4a95be23d68"
_PATTERNS = "/v1/patterns"
_PATTERN = f"{_PATTERNS}/{_ID}"

_NO_INTEGER = FieldError(
    "pointer", "/data/duration_ms", "type", "Must be an integer, not a string."
)
_NO_PARAMETER = FieldError("parameter", "tag", "unknown", "Not a parameter of this call.")
_FORM = (
    "The Content-Type 'application/x-www-form-urlencoded' is not taken here; send "
    "application/json, in UTF-8."
)

_SAMPLES: tuple[tuple[errors.PatternStoreError, str], ...] = (
    (errors.MalformedRequest("The body is not JSON: EOF while parsing an object."), _PATTERNS),
    (errors.Unauthenticated("The key is expired."), _PATTERNS),
    (errors.InsufficientScope("This takes a key of the scope write; it is read."), _PATTERNS),
    (errors.ForbiddenProject("The key is for 'checkout', and writes nowhere else."), _PATTERNS),
    (errors.ForeignOrigin("A web page of another site may not do this."), _PATTERNS),
    (errors.PatternNotFound(_ID), _PATTERN),
    (errors.NoSuchSchema("'error' is no pattern type."), "/v1/schemas/error"),
    (errors.GroupNotFound("err-07f1c4a95be23d68"), "/v1/errors/err-07f1c4a95be23d68"),
    (errors.ResolutionNotFound(_RESOLUTION), f"/v1/resolutions/{_RESOLUTION}/outcomes"),
    (errors.DecisionNotFound("17"), "/v1/decisions/17"),
    (errors.PatternExists(_ID), _PATTERNS),
    (errors.HistoryGone("Deletions up to seq 5120 are forgotten."), "/v1/export"),
    (errors.PreconditionFailed('If-Match does not hold: its ETag is "2-57".'), _PATTERN),
    (errors.BodyTooLarge("The body is larger than the 4194304 bytes taken here."), _PATTERNS),
    (errors.UnsupportedMediaType(_FORM), _PATTERNS),
    (errors.InvalidPattern([_NO_INTEGER]), _PATTERNS),
    (
        errors.InvalidRequest("The query parameters are not valid; see errors.", [_NO_PARAMETER]),
        _PATTERNS,
    ),
    (errors.QueryTooExpensive(2.0), _PATTERNS),
    (errors.BodyTooSlow("The body came too slowly: 20 bytes in 20.02 s."), _PATTERNS),
    (errors.Overloaded("256 requests are under way already; try again."), _PATTERNS),
    (errors.RateLimited("The key may make 60 requests a minute.", seconds=1), _PATTERNS),
    (errors.KeysUnavailable("The service cannot read its keys; its log has why."), _PATTERNS),
    (errors.HeadTooLarge(131_072), _PATTERNS),
    (errors.StillLoading(), "/v1/corrections/search"),
    (errors.StorageUnavailable("The database does not answer: disk I/O error."), _PATTERNS),
    (errors.DamagedStore(f"The pattern {_ID!r} is damaged in the store."), _PATTERN),
)


def problem_examples() -> dict[str, Any]:
    """An example of each problem by its name, as components that responses refer to."""
    answers = {problem_type(error).name: response_for(error, path) for error, path in _SAMPLES}
    answers["internal"] = internal_error(_PATTERNS)
    return {name: {"value": json.loads(bytes(answer.body))} for name, answer in answers.items()}


def refusals(ends: Iterable[type[Exception]], *, bodyless: bool = False) -> dict[str, Any]:
    """The response objects of the errors a call can end in, by status.

    `bodyless` is for HEAD, whose answers have headers only.
    """
    kinds = {kind.name: kind for kind in (TABLE.get(error, INTERNAL) for error in ends)}
    by_status: dict[int, list[ProblemType]] = {}
    for name in sorted(kinds):
        by_status.setdefault(kinds[name].status, []).append(kinds[name])
    return {
        str(status): _response(status, by_status[status], bodyless) for status in sorted(by_status)
    }


def _response(status: int, kinds: Sequence[ProblemType], bodyless: bool) -> dict[str, Any]:
    sent_along = [name for kind in kinds for name in kind.headers or () if name in HEADERS]
    response = {
        "description": _DESCRIPTIONS[status],
        "headers": refs("headers", "X-Request-ID", *sent_along),
    }
    if not bodyless:
        shown = refs("examples", *(kind.name for kind in kinds))
        response["content"] = {MEDIA_TYPE: {"schema": ref("Problem"), "examples": shown}}
    return response
