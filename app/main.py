"""The application and its wiring; nowhere else do the parts meet."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from app import problems
from app.keys.file import KeysFile
from app.keys.guard import Guard
from app.metrics import Metrics
from app.middleware.access_log import AccessLog
from app.middleware.authentication import Authentication
from app.middleware.cross_origin import CrossOrigin
from app.middleware.observation import Observation
from app.middleware.origin import OriginGuard
from app.routes import (
    agents,
    batch,
    corrections,
    decisions,
    errors,
    exporting,
    health,
    lifecycle,
    patterns,
    querying,
    resolutions,
    vocabulary,
)
from app.routes.admission import Admission
from app.routes.direct import direct_routes
from app.routes.dispatch import Dispatch
from app.routes.documentation import add_documentation
from app.routes.state import State
from app.schemas.limits import Limits
from app.schemas.timestamps import now
from app.service import PatternService, RetentionPolicy
from app.service.correction_learner import CorrectionLearner
from app.service.corrections import Corrections
from app.service.feed import Feed, Follower
from app.service.known_errors import ANALYSIS_VERSION, KnownErrors, analysis
from app.service.learner import Learner
from app.service.redaction import Redaction
from app.service.resolving import Resolving
from app.service.statistics import statistics
from app.settings import Settings
from app.storage.registry import StorageOptions, place_of, storage_from
from app.tasks.compression import compression_task
from app.tasks.retention import retention_task
from app.tasks.runner import Task, TaskRunner
from app.tasks.summaries import summaries_task

_MODULES = (
    batch,
    patterns,
    querying,
    exporting,
    vocabulary,
    agents,
    resolutions,
    errors,
    decisions,
    corrections,
    lifecycle,
    health,
)
ROUTERS = [module.router for module in _MODULES]

_READY_SECONDS = 5.0
"""How soon a store that was not ready is asked again."""

_log = logging.getLogger(__name__)


def create_app(settings: Settings, clock: Callable[[], int] = now) -> FastAPI:
    """The service under these settings; its store is opened when it starts.

    `clock` tells the present, in microseconds since the epoch.
    """
    metrics = Metrics()
    service = _service(settings, metrics, clock)
    admission = _admission(settings, metrics)
    known = KnownErrors()
    learner = Learner(service.storage, known, analysis=analysis, version=ANALYSIS_VERSION)
    correction_learner = CorrectionLearner(service.storage)
    followers: list[Follower] = [learner, correction_learner]
    feed = Feed(service.storage, followers)
    for name in (follower.name for follower in followers):
        behind = metrics.learning_seconds_behind.labels(name)
        behind.set_function(partial(feed.seconds_behind, name))
    runner = TaskRunner(_tasks(settings, service, feed), metrics)
    access_log = AccessLog() if settings.access_log else None
    app = FastAPI(
        lifespan=_lifespan(service, feed, runner, access_log),
        openapi_url="/openapi.json" if settings.docs else None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.parts = State(
        service,
        feed,
        Resolving(learner, known),
        Corrections(correction_learner),
        runner,
        metrics,
        admission,
        settings.max_pattern_bytes,
        settings.max_body_bytes,
        settings.compression_after_days,
    )
    for router in ROUTERS:
        app.include_router(router)
    add_documentation(app, direct_routes(ROUTERS), served=settings.docs)
    problems.register(app)
    guarded = _guarded(app.build_middleware_stack(), settings, admission, clock)
    app.middleware_stack = Observation(guarded, metrics, access_log)
    return app


def _service(settings: Settings, metrics: Metrics, clock: Callable[[], int]) -> PatternService:
    options = StorageOptions(
        settings.synchronous, settings.readers, settings.max_query_seconds, metrics=metrics
    )
    limits = Limits(
        settings.max_pattern_bytes,
        settings.max_depth,
        settings.max_values,
        settings.max_tags,
        settings.max_name_length,
    )
    return PatternService(
        storage_from(settings.storage_url, options),
        retention=retention_policy(settings),
        metrics=metrics,
        clock=clock,
        redaction=Redaction(metrics) if settings.redact_secrets else None,
        limits=limits,
    )


def _tasks(settings: Settings, service: PatternService, feed: Feed) -> list[Task]:
    return [
        retention_task(service, feed, settings.retention_interval_seconds),
        compression_task(
            service, settings.compression_after_days, settings.compression_interval_seconds
        ),
        summaries_task(service, settings.summary_interval_seconds),
    ]


def _lifespan(
    service: PatternService, feed: Feed, runner: TaskRunner, access_log: AccessLog | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What opens the store when the application starts, and closes it at the end."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.storage.open()
        opening = asyncio.create_task(_when_ready(service, feed, runner))
        try:
            yield
        finally:
            opening.cancel()  # or it would begin to learn from a store that is closed
            await feed.stop()
            await runner.stop()
            await service.storage.close()
            if access_log is not None:
                access_log.flush()

    return lifespan


def _admission(settings: Settings, metrics: Metrics) -> Admission:
    admission = Admission(
        settings.max_concurrent_requests,
        max(settings.max_held_bytes, settings.max_body_bytes, settings.max_pattern_bytes),
        settings.body_seconds,
        settings.max_body_ratio,
    )
    metrics.under_way.set_function(lambda: admission.under_way)
    metrics.held_bytes.set_function(lambda: admission.held_bytes)
    return admission


def _guarded(
    app: ASGIApp, settings: Settings, admission: Admission, clock: Callable[[], int]
) -> ASGIApp:
    """All that a request passes on its way: from where, whose, how many, and what."""
    guarded: ASGIApp = Dispatch(app, direct_routes(ROUTERS), admission)
    guarded = Authentication(guarded, Guard(keys_file(settings), clock))
    if settings.cors_origins:
        guarded = CrossOrigin(guarded, settings.cors_origins)
    hosts = [settings.host, *settings.allowed_hosts]
    return OriginGuard(guarded, hosts, settings.cors_origins)


def keys_file(settings: Settings) -> KeysFile:
    """The file of keys that the settings name. Raises StoreNotOpened where they name no store."""
    store = place_of(settings.storage_url)
    return KeysFile(Path(settings.keys_file or f"{store}.keys.json"))


def retention_policy(settings: Settings) -> RetentionPolicy:
    """The policy that the settings ask for."""
    return RetentionPolicy(
        settings.retention_days,
        settings.retention_days_by_type,
        settings.retention_grace_days,
        settings.retention_max_patterns,
        settings.retention_max_bytes,
    )


async def _when_ready(service: PatternService, feed: Feed, runner: TaskRunner) -> None:
    """Begin to learn and with the tasks, and say what the store holds, and what it deletes next."""
    figures = None
    begun = False
    while figures is None:
        try:
            await service.storage.ready()
            if not begun:
                feed.start()
                runner.start()
                begun = True
            figures = await statistics(service.storage, service.retention, service.clock())
        except Exception as error:  # noqa: BLE001 - whatever it is, the service goes on
            _log.warning("store not ready", extra={"why": str(error)})
            await asyncio.sleep(_READY_SECONDS)
    _log.info(
        "store opened",
        extra={
            "patterns": figures["total"],
            "size_bytes": figures["size_bytes"],
            "retention": figures["retention"],
        },
    )
