"""What the store holds and what becomes of it: statistics and background tasks."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field
from pydantic_core import to_json
from starlette.responses import Response

from app.errors import FieldError, InvalidRequest, StorageUnavailable
from app.routes.components import JSON, content, header
from app.routes.direct import DirectRoute, operation, query_parameters
from app.routes.parameters import WHOLE, Flag, Parameters, read_parameters
from app.routes.refusals import PARAMETERS
from app.routes.state import state_of
from app.schemas.answers import Lifecycle, TaskProgress, TaskRun, TaskState
from app.schemas.timestamps import format_timestamp
from app.service.retention import RetentionReport, expire, expiry_by_hand
from app.service.statistics import statistics
from app.tasks.runner import Progress, Run, Running
from app.tasks.runner import State as RunnerState

router = APIRouter(route_class=DirectRoute)

Days = Annotated[int, Field(ge=0, le=36_500), WHOLE]


class RetentionParameters(Parameters):
    """What a run of retention by hand takes."""

    dry_run: Flag = False
    """Only say what would be deleted."""

    older_than_days: Annotated[Days | None, Field(examples=[30])] = None
    """Delete all patterns older than this, whatever the settings and with no grace; less than
    1 needs `force=true`. Left out: what the settings let go."""

    force: Flag = False
    """Allow `older_than_days=0`, which deletes everything up to now."""

    wait: Flag = True
    """Answer when it is done; `false`: answer 202 at once."""


@router.get(
    "/v1/stats",
    **operation(
        "getStatistics",
        "See what the store holds",
        "Totals, by type and by day; size on disk; what retention would delete now.",
        tag="operations",
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
        answers={200: {"description": "The tasks.", "content": content("Lifecycle")}},
        problems=PARAMETERS,
    ),
)
async def get_lifecycle(request: Request) -> Response:
    read_parameters(request, Parameters)
    states = state_of(request).runner.states
    answer: Lifecycle = {"retention": _task_state(states["retention"])}
    return Response(to_json(answer), media_type=JSON)


@router.post(
    "/v1/lifecycle/retention",
    **operation(
        "runRetention",
        "Delete what is past its retention",
        "Runs now and answers when done, with what was deleted; with `dry_run=true`, with what "
        "would be.",
        tag="operations",
        parameters=query_parameters(RetentionParameters),
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
    runner, work = state_of(request).runner, _retention(request, parameters)
    if parameters.wait:
        report = await runner.run("retention", work)
        return Response(to_json(report), media_type=JSON)
    runner.run_in_background("retention", work)
    answer = {"task": "retention", "state": "started"}
    return Response(to_json(answer), 202, {"Location": "/v1/lifecycle"}, media_type=JSON)


def _retention(
    request: Request, parameters: RetentionParameters
) -> Callable[[Progress], Awaitable[RetentionReport]]:
    service = state_of(request).service
    now, days = service.clock(), parameters.older_than_days
    expiry = service.retention.expiry(now) if days is None else expiry_by_hand(now, days)

    async def work(on_progress: Progress) -> RetentionReport:
        return await expire(
            service.storage, expiry, dry_run=parameters.dry_run, on_progress=on_progress
        )

    return work


def _task_state(state: RunnerState) -> TaskState:
    return {
        "settings": state.task.settings,
        "interval_seconds": state.task.interval,
        "next_run_at": None if state.next_run_at is None else format_timestamp(state.next_run_at),
        "running": None if state.running is None else _progress(state.running),
        "last_run": None if state.last_run is None else _run(state.last_run),
    }


def _progress(running: Running) -> TaskProgress:
    return {
        "started_at": format_timestamp(running.started_at),
        "done": running.done,
        "total": running.total,
    }


def _run(run: Run) -> TaskRun:
    return {
        "started_at": format_timestamp(run.started_at),
        "ended_at": format_timestamp(run.ended_at),
        "error": run.error,
        "result": run.result,
    }
