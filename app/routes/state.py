"""What the endpoints work with: everything `create_app` has wired for them."""

import asyncio
from dataclasses import dataclass, field, replace

from fastapi import Request

from app.keys.key import Caller
from app.metrics import Metrics
from app.routes.admission import Admission
from app.service import PatternService
from app.service.batch import PLACES
from app.service.corrections import Corrections
from app.service.feed import Feed
from app.service.resolving import Resolving
from app.tasks.runner import TaskRunner


@dataclass(slots=True)
class State:
    """The parts of one running application.

    `stopping` is set when the service is told to end, so that endless streams can be.
    """

    service: PatternService
    feed: Feed
    resolving: Resolving
    corrections: Corrections
    runner: TaskRunner
    metrics: Metrics
    admission: Admission
    max_pattern_bytes: int
    max_body_bytes: int
    compression_after_days: int
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    batch_places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PLACES))


def state_of(request: Request) -> State:
    """The state of the application that got a request, as far as its caller may see it.

    Every endpoint comes by its service here, so that none can tell of other projects.
    """
    state: State = request.app.state.parts
    caller: Caller = request.scope["caller"]
    if caller.projects is None:
        return state
    return replace(state, service=state.service.within(caller.projects))
