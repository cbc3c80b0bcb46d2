"""All patterns that pass the filters, as a stream of JSON lines."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from app.errors import HistoryGone, ShuttingDown
from app.keys.key import Scope
from app.routes.components import NDJSON, stream
from app.routes.direct import DirectRoute, operation
from app.routes.parameters import ExportParameters, read_parameters
from app.routes.refusals import PARAMETERS, STORAGE
from app.routes.state import state_of
from app.service.export import export_lines
from app.storage.base import Changes

router = APIRouter(route_class=DirectRoute)


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
        scope=Scope.READ,
        parameters=[ExportParameters],
        answers={200: {"description": "The patterns.", "content": {NDJSON: stream("ExportLine")}}},
        problems=(*PARAMETERS, HistoryGone, *STORAGE),
    ),
)
async def export_patterns(request: Request) -> Response:
    parameters = read_parameters(request, ExportParameters)
    state = state_of(request)
    steps = state.service.export(
        parameters.filters, after_seq=parameters.after_seq, deletes=parameters.deletes
    )
    first = await anext(steps)  # what cannot begin is still answered as a problem
    return StreamingResponse(_lines(first, steps, state.stopping), media_type=NDJSON)


async def _lines(
    first: Changes, rest: AsyncIterator[Changes], stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    yield export_lines(first)
    yield b""  # which waits until the client has read: no next step is held meanwhile
    async for step in rest:
        if stopping.is_set():
            raise ShuttingDown("The export is not finished; go on from the last seq it told.")
        yield export_lines(step)
        yield b""
