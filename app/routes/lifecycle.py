"""What the store holds and what becomes of it: statistics and background tasks."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field
from pydantic_core import to_json
from starlette.responses import Response

from app.errors import FieldError, InvalidRequest, StorageUnavailable
from app.keys.key import Scope
from app.routes.components import JSON, content, header
from app.routes.direct import DirectRoute, operation
from app.routes.parameters import WHOLE, Flag, Parameters, read_parameters
from app.routes.refusals import PARAMETERS
from app.routes.state import state_of
from app.schemas.answers import TaskAccepted, TaskProgress, TaskRun
from app.schemas.timestamps import DAY, SECOND, format_timestamp, now
from app.service.compression import CompressionReport, compress
from app.service.retention import RetentionReport, cutoff, expire, plan_by_hand, plan_by_policy
from app.service.statistics import statistics
from app.tasks.runner import Progress, Run, Running
from app.tasks.runner import State as RunnerState

router = APIRouter(route_class=DirectRoute)

Days = Annotated[int, Field(ge=0, le=36_500), WHOLE]


class RunParameters(Parameters):
    """What every run by hand takes."""

    dry_run: Flag = False
    """Only say what would be done."""

    wait: Flag = True
    """Answer when it is done; `false`: answer 202 at once."""


class RetentionParameters(RunParameters):
    """What a run of retention by hand takes."""

    older_than_days: Annotated[Days | None, Field(examples=[30])] = None
    """Delete all patterns older than this, whatever the settings and with no grace; less than
    1 needs `force=true`. Left out: what the settings let go."""

    force: Flag = False
    """Allow `older_than_days=0`, which deletes everything up to now."""


class CompressionParameters(RunParameters):
    """What a run of compression by hand takes."""

    older_than_days: Annotated[Days | None, Field(examples=[30])] = None
    """Compress all patterns older than this. Left out: what the settings say."""


@router.get(
    "/v1/stats",
    **operation(
        "getStatistics",
        "See what the store holds",
        "Totals, by type and by day; size on disk; what retention would delete now.",
        tag="operations",
        scope=Scope.READ,
        answers={200: {"description": "The statistics.", "content": content("Statistics")}},
        problems=(*PARAMETERS, StorageUnavailable),
    ),
)
async def get_statistics(request: Request) -> Response:
    read_parameters(request, Parameters)
    service = state_of(request).service
    answer = await statistics(service.storage, service.retention, service.clock())
    return Response(to_json(answer), media_type=JSON)


@router.get(
    "/v1/lifecycle",
    **operation(
        "getLifecycle",
        "See the background tasks",
        "Settings, the last and the next run of each, and the progress of one that runs.",
        tag="operations",
        scope=Scope.ADMIN,
        answers={200: {"description": "The tasks.", "content": content("Lifecycle")}},
        problems=PARAMETERS,
    ),
)
async def get_lifecycle(request: Request) -> Response:
    read_parameters(request, Parameters)
    state = state_of(request)
    size = state.service.storage.stored_bytes()
    answer = {name: _task_state(task, size) for name, task in state.runner.states.items()}
    return Response(to_json(answer), media_type=JSON)


@router.post(
    "/v1/lifecycle/retention",
    **operation(
        "runRetention",
        "Delete what is past its retention",
        "Runs now and answers when done, with what was deleted; with `dry_run=true`, with what "
        "would be.",
        tag="operations",
        scope=Scope.ADMIN,
        parameters=[RetentionParameters],
        answers={
            200: {"description": "It is done.", "content": content("RetentionRun")},
            202: {
                "description": "It has begun.",
                "headers": {"Location": header("Where to watch it.", "/v1/lifecycle")},
                "content": content("TaskAccepted"),
            },
        },
        problems=(*PARAMETERS, StorageUnavailable),
    ),
)
async def run_retention(request: Request) -> Response:
    parameters = read_parameters(request, RetentionParameters)
    if parameters.older_than_days == 0 and not parameters.force:
        detail = "Must be at least 1; with force=true, 0 deletes everything up to now."
        raise InvalidRequest(
            "This would delete everything; see errors.",
            [FieldError("parameter", "older_than_days", "minimum", detail)],
        )
    state = state_of(request)
    service = state.service
    present, days = service.clock(), parameters.older_than_days

    async def work(on_progress: Progress) -> RetentionReport:
        await state.feed.caught_up()
        plan = await (
            plan_by_policy(service.storage, service.retention, present)
            if days is None
            else plan_by_hand(service.storage, present, days)
        )
        return await expire(
            service.storage, plan, dry_run=parameters.dry_run, on_progress=on_progress
        )

    return await _run(request, "retention", work, wait=parameters.wait)


@router.post(
    "/v1/lifecycle/compression",
    **operation(
        "runCompression",
        "Compress what is old",
        "Runs now and answers when done, with what was compressed; with `dry_run=true`, with "
        "what would be. Compressed patterns are read, found and searched as before.",
        tag="operations",
        scope=Scope.ADMIN,
        parameters=[CompressionParameters],
        answers={
            200: {"description": "It is done.", "content": content("CompressionRun")},
            202: {
                "description": "It has begun.",
                "headers": {"Location": header("Where to watch it.", "/v1/lifecycle")},
                "content": content("TaskAccepted"),
            },
        },
        problems=(*PARAMETERS, StorageUnavailable),
    ),
)
async def run_compression(request: Request) -> Response:
    parameters = read_parameters(request, CompressionParameters)
    state = state_of(request)
    service, days = state.service, parameters.older_than_days
    present = service.clock()
    before = cutoff(present, state.compression_after_days) if days is None else present - days * DAY

    async def work(on_progress: Progress) -> CompressionReport:
        return await compress(
            service.storage, before, dry_run=parameters.dry_run, on_progress=on_progress
        )

    return await _run(request, "compression", work, wait=parameters.wait)


async def _run(
    request: Request, name: str, work: Callable[[Progress], Awaitable[object]], *, wait: bool
) -> Response:
    runner = state_of(request).runner
    if wait:
        return Response(to_json(await runner.run(name, work)), media_type=JSON)
    runner.run_in_background(name, work)
    answer: TaskAccepted = {"task": name, "state": "started"}
    return Response(to_json(answer), 202, {"Location": "/v1/lifecycle"}, media_type=JSON)


def _task_state(state: RunnerState, size: int) -> dict[str, Any]:
    return {
        "settings": state.task.settings,
        "interval_seconds": state.task.interval,
        "next_run_at": None if state.next_run_at is None else format_timestamp(state.next_run_at),
        "running": None if state.running is None else _progress(state.running, size),
        "last_run": None if state.last_run is None else _ended(state.last_run),
    }


def _progress(running: Running, size: int) -> TaskProgress:
    done, total = running.done, running.total
    seconds = (now() - running.started_at) / SECOND
    return {
        "started_at": format_timestamp(running.started_at),
        "done": done,
        "total": total,
        "bytes": size,
        "eta_seconds": round((total - done) * seconds / done, 1) if done and total else None,
    }


def _ended(run: Run) -> TaskRun:
    return {
        "started_at": format_timestamp(run.started_at),
        "ended_at": format_timestamp(run.ended_at),
        "error": run.error,
        "result": run.result,
    }
