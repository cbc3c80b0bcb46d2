"""Whether the service is alive, whether it can serve, and what it counts."""

import asyncio

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from app.errors import StorageUnavailable
from app.keys.key import Scope
from app.routes.components import JSON, content, refs
from app.routes.direct import DirectRoute, operation
from app.routes.refusals import STORAGE
from app.routes.state import state_of

router = APIRouter(route_class=DirectRoute)

PING_SECONDS = 2.0
"""How long the storage may take to answer before the service counts as not ready."""

_OK = b'{"status":"ok"}'


@router.get(
    "/healthz",
    **operation(
        "getHealth",
        "See whether the service is alive",
        "Answers at once, whatever the storage does.",
        tag="health",
        scope=None,
        answers={200: {"description": "It is.", "content": content("Health")}},
    ),
)
async def get_health(request: Request) -> Response:
    return Response(_OK, media_type=JSON)


@router.get(
    "/readyz",
    **operation(
        "getReadiness",
        "See whether the service can serve",
        "Asks the storage.",
        tag="health",
        scope=None,
        answers={200: {"description": "It can.", "content": content("Health")}},
        problems=STORAGE,
    ),
)
async def get_readiness(request: Request) -> Response:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await state_of(request).service.storage.ping()
    except TimeoutError:
        raise StorageUnavailable(f"The storage did not answer in {PING_SECONDS} s.") from None
    return Response(_OK, media_type=JSON)


@router.get(
    "/metrics",
    **operation(
        "getMetrics",
        "Read the metrics",
        "In Prometheus' text format.",
        tag="health",
        scope=Scope.ADMIN,
        answers={
            200: {
                "description": "The metrics.",
                "content": {
                    "text/plain": {
                        "schema": {"type": "string"},
                        "examples": refs("examples", "Metrics"),
                    }
                },
            }
        },
    ),
)
async def get_metrics(request: Request) -> Response:
    state = state_of(request)
    state.metrics.store_bytes.set(state.service.storage.stored_bytes())
    return Response(state.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)
