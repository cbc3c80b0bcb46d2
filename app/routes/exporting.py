"""All patterns that pass the filters, as a stream of JSON lines."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from app.errors import ShuttingDown
from app.routes.direct import NDJSON, DirectRoute, operation, query_parameters, stream
from app.routes.parameters import ExportParameters, read_parameters
from app.routes.state import state_of
from app.service.export import export_lines
from app.storage.base import Changes

router = APIRouter(route_class=DirectRoute)

_LINES = (
    '{"pattern_id":"pat-1","pattern_type":"agent_usage","timestamp":"2025-11-29T10:00:00.000000Z",'
    '"data":{"agent_type":"reviewer","task_type":"code-review","success":true,"duration_ms":18250},'
    '"context":{},"version":"1.0",'
    '"stored":{"at":"2025-11-29T10:00:00.251000Z","seq":1,"revision":1}}\n'
    '{"pattern_id":"pat-2","deleted":true,"seq":3}\n'
)


@router.get(
    "/v1/export",
    **operation(
        "exportPatterns",
        "Read all patterns as a stream",
        "Every pattern that passes the filters, one a line, in the order of `seq`: each at "
        "least once, in its newest state. To go on later, or after a break, send the last "
        "`seq` as `after_seq`. An export that cannot be finished breaks the connection, so one "
        "that ends is whole.",
        tag="querying",
        parameters=query_parameters(ExportParameters),
        answers={
            200: {"description": "The patterns.", "content": {NDJSON: stream("ExportLine", _LINES)}}
        },
        problems=(400, 410, 422, 503),
    ),
)
async def export_patterns(request: Request) -> Response:
    parameters = read_parameters(request, ExportParameters)
    state = state_of(request)
    steps = state.service.export(
        parameters.filters(), after_seq=parameters.after_seq, deletes=parameters.deletes
    )
    first = await anext(steps)  # what cannot begin is still answered as a problem
    return StreamingResponse(_lines(first, steps, state.stopping), media_type=NDJSON)


async def _lines(
    first: Changes, rest: AsyncIterator[Changes], stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    yield export_lines(first)
    async for step in rest:
        if stopping.is_set():
            raise ShuttingDown("The export is not finished; go on from the last seq it told.")
        yield export_lines(step)
