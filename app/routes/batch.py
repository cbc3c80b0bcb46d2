"""Many patterns in one request, stored as they arrive."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Literal

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from app.errors import BodyTooLarge, InvalidPattern, InvalidRequest, PatternStoreError
from app.keys.key import Scope
from app.problems import MEDIA_TYPE, field_problems, problem_type, response_for
from app.routes.bodies import JSON_TYPES, LINES_TYPES, array_items, lines, media_type, read_body
from app.routes.components import JSON, NDJSON, content, many, ref, refs, stream
from app.routes.direct import DirectRoute, header_parameter, operation
from app.routes.parameters import Parameters, read_parameters
from app.routes.patterns import IDEMPOTENCY_KEY, idempotency_key
from app.routes.refusals import BODY, PARAMETERS
from app.routes.state import State, state_of
from app.schemas.answers import BatchCounts
from app.service.batch import Batch, BatchReport, OnConflict

router = APIRouter(route_class=DirectRoute)

CHUNK = 100
"""Items of an array checked in one go, before other requests have their turn."""


class BatchParameters(Parameters):
    """What the batch call takes."""

    on_conflict: Literal["reject", "skip", "replace"] = "reject"
    """What to do with an item whose id holds another content: reject it, leave what is there,
    or replace that."""


_BATCH_OR_NONE = {"anyOf": [ref("BatchProblem"), ref("Problem")]}
_UNREADABLE = {
    "schema": _BATCH_OR_NONE,
    "examples": refs("examples", "BatchProblem", "malformed"),
}
"""Without counts where already the query string cannot be read."""

_FAILED = {
    "schema": _BATCH_OR_NONE,
    "examples": refs("examples", "StoppedBatch", "FailedBatch", "DamagedBatch", "keys-unavailable"),
}
"""Without counts where the caller was not let in."""


@router.post(
    "/v1/patterns/batch",
    **operation(
        "createPatterns",
        "Store many patterns",
        "Takes a JSON array, or JSON lines without limit to their number; plain, or with "
        "`Content-Encoding: gzip` or `zstd`. Items are stored in chunks as they arrive, good "
        "ones also where others are bad, and the answer counts what is durable. Sending the "
        "same batch again stores nothing twice; items without an id need `Idempotency-Key` "
        "for that.",
        tag="patterns",
        scope=Scope.WRITE,
        parameters=[
            BatchParameters,
            header_parameter(
                "Idempotency-Key",
                "Gives items without an id one that depends on this key and their place alone.",
                "7d1f0f5e-hook-17",
                pattern=IDEMPOTENCY_KEY,
            ),
            header_parameter(
                "Content-Encoding",
                "How the body is compressed.",
                "gzip",
                enum=["identity", "gzip", "zstd"],
            ),
        ],
        body={
            JSON: many("Pattern"),
            NDJSON: stream("Pattern"),
            "application/jsonl": stream("Pattern"),
        },
        body_description="The patterns: an array, or one a line.",
        answers={
            200: {
                "description": "No item was rejected.",
                "content": content("BatchCounts", example="WholeBatch"),
            },
            207: {"description": "Some items were rejected.", "content": content("BatchCounts")},
            400: {
                "description": "The body is no JSON or broke off; the counts say what is stored.",
                "content": {MEDIA_TYPE: _UNREADABLE},
            },
            503: {
                "description": "The storage failed or the service stops; the counts say what is "
                "stored.",
                "headers": refs("headers", "Retry-After"),
                "content": {MEDIA_TYPE: _FAILED},
            },
        },
        problems=(*PARAMETERS, *BODY, InvalidPattern),
    ),
)
async def create_patterns(request: Request) -> Response:
    parameters = read_parameters(request, BatchParameters)
    kind = media_type(request, JSON_TYPES | LINES_TYPES)
    state = state_of(request)
    batch = Batch(
        state.service,
        on_conflict=OnConflict(parameters.on_conflict),
        key=idempotency_key(request),
        places=state.batch_places,
    )
    try:
        async for group in _items(request, kind, state):
            await batch.add(group)
        await batch.finish()
    except InvalidRequest:
        raise  # no batch at all: what is wrong with the body stands in `errors`
    except PatternStoreError as error:
        await _settle(batch)
        return response_for(error, request.url.path, _counts(batch.report))
    finally:
        state.metrics.batch_patterns.observe(batch.report.received)
    status = 207 if batch.report.rejected else 200
    return Response(to_json(_counts(batch.report)), status, media_type=JSON)


async def _items(
    request: Request, kind: str, state: State
) -> AsyncIterator[Sequence[bytes | BodyTooLarge]]:
    if kind in LINES_TYPES:
        async for group in lines(request, state.max_pattern_bytes, state.stopping):
            yield group
        return
    body = await read_body(request, state.max_body_bytes)
    items = array_items(body, state.max_pattern_bytes)
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
        await asyncio.sleep(0)


async def _settle(batch: Batch) -> None:
    """Let a chunk under way end, so that the counts tell all that is stored."""
    with contextlib.suppress(PatternStoreError):  # a failure is what the caller answers already
        await batch.finish()


def _counts(report: BatchReport) -> BatchCounts:
    return {
        "received": report.received,
        "stored": report.stored,
        "duplicates": report.duplicates,
        "rejected": report.rejected,
        "past_retention": report.past_retention,
        "errors": [
            {
                "index": item.index,
                "pattern_id": item.pattern_id,
                "status": problem_type(item.error).status,
                "detail": str(item.error),
                "errors": field_problems(item.error),
            }
            for item in sorted(report.errors, key=lambda item: item.index)
        ],
        "errors_omitted": report.errors_omitted,
    }
