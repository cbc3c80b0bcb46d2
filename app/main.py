"""The application and its wiring; nowhere else do the parts meet."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import problems
from app.metrics import Metrics
from app.middleware.observation import Observation
from app.middleware.origin import OriginGuard
from app.routes import batch, exporting, health, lifecycle, patterns, querying, vocabulary
from app.routes.documentation import add_documentation
from app.routes.state import State
from app.schemas.timestamps import now
from app.service import PatternService, RetentionPolicy
from app.service.statistics import statistics
from app.settings import Settings
from app.storage.registry import StorageOptions, storage_from
from app.tasks.retention import retention_task
from app.tasks.runner import TaskRunner

_log = logging.getLogger(__name__)


def create_app(settings: Settings, clock: Callable[[], int] = now) -> FastAPI:
    """The service under these settings; its store is opened when it starts.

    `clock` tells the present, in microseconds since the epoch.
    """
    metrics = Metrics()
    options = StorageOptions(settings.synchronous, settings.readers, metrics=metrics)
    policy = RetentionPolicy(
        settings.retention_days, settings.retention_days_by_type, settings.retention_grace_days
    )
    service = PatternService(
        storage_from(settings.storage_url, options), retention=policy, metrics=metrics, clock=clock
    )
    runner = TaskRunner([retention_task(service, settings.retention_interval_seconds)], metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.storage.open()
        try:
            await _tell_what_retention_does(service)
            runner.start()
            yield
        finally:
            await runner.stop()
            await service.storage.close()

    app = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.parts = State(
        service, runner, metrics, settings.max_pattern_bytes, settings.max_body_bytes
    )
    for module in (batch, patterns, querying, exporting, vocabulary, lifecycle, health):
        app.include_router(module.router)
    add_documentation(app)
    problems.register(app)
    app.add_middleware(OriginGuard, allowed_hosts=[settings.host, *settings.allowed_hosts])
    app.add_middleware(Observation, metrics=metrics, access_log=settings.access_log)
    return app


async def _tell_what_retention_does(service: PatternService) -> None:
    figures = await statistics(service.storage, service.retention, service.clock())
    _log.info(
        "store opened",
        extra={
            "patterns": figures["total"],
            "size_bytes": figures["size_bytes"],
            "retention": figures["retention"],
        },
    )
