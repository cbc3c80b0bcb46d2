"""What users corrected: is it made again, and what recurs."""

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from app.keys.key import Scope
from app.learning.corrections.differences import Change
from app.routes.components import JSON, content
from app.routes.direct import DirectRoute, operation
from app.routes.parameters import Parameters, RecurringParameters, read_parameters
from app.routes.questions import read_question
from app.routes.refusals import BODY, LEARNED, PARAMETERS, SEARCH
from app.routes.state import state_of
from app.schemas.answers import Changed, CorrectionBasis
from app.schemas.questions import CorrectionQuestion
from app.schemas.timestamps import format_timestamp
from app.service.corrections import Advice, Recurrence

router = APIRouter(route_class=DirectRoute)

MOST_SHOWN = 1000
"""Characters of what was removed, and of what was added."""

_MOST_NAMES = 100


@router.post(
    "/v1/corrections/search",
    **operation(
        "searchCorrections",
        "Check an output before it is given",
        "The corrections that users once made to similar outputs, the likeliest first: what this "
        "output seems to do that they did not want. What was changed counts most, then what stood "
        "around it; an output that has the change already is not told. The list is empty where "
        "nothing is likely. What was asked for several times comes once, with how often. What is "
        "written counts a moment later.",
        tag="corrections",
        scope=Scope.READ,
        body=content("CorrectionQuestion"),
        body_description="The output, and who is about to give it.",
        answers={200: {"description": "The corrections.", "content": content("CorrectionsFound")}},
        problems=(*PARAMETERS, *BODY, *LEARNED),
    ),
)
async def search_corrections(request: Request) -> Response:
    read_parameters(request, Parameters)
    asked = await read_question(request, CorrectionQuestion)
    state = state_of(request)
    found = await state.corrections.search(
        state.service,
        asked.output,
        agent=asked.agent,
        task_type=asked.task_type,
        limit=asked.limit,
        least=asked.min_score,
    )
    return _answer(b",".join(map(_advice, found)), b"")


@router.get(
    "/v1/corrections/recurring",
    **operation(
        "listRecurringCorrections",
        "See what users correct again and again",
        "The changes that at least `min_count` of the corrections passing all filters asked for, "
        "wherever they were made: the same was replaced by the same, or by nearly the same words. "
        "Those asked for most come first. A correction of several things counts in each.",
        tag="corrections",
        scope=Scope.READ,
        parameters=[RecurringParameters],
        answers={200: {"description": "The changes.", "content": content("RecurringCorrections")}},
        problems=(*PARAMETERS, *LEARNED, *SEARCH),
    ),
)
async def list_recurring_corrections(request: Request) -> Response:
    parameters = read_parameters(request, RecurringParameters)
    state = state_of(request)
    found, omitted = await state.corrections.recurring(
        state.service, parameters.filters, least=parameters.min_count, limit=parameters.limit
    )
    return _answer(b",".join(map(_recurrence, found)), b',"items_omitted":%d' % omitted)


def _answer(items: bytes, further: bytes) -> Response:
    return Response(b'{"items":[' + items + b"]" + further + b"}", media_type=JSON)


def _advice(advice: Advice) -> bytes:
    repeated = advice.repeated
    basis: CorrectionBasis = {
        "wrong": round(repeated.likeness.wrong, 3),
        "around": round(repeated.likeness.around, 3),
        "corrected": round(repeated.likeness.corrected, 3),
        "same_agent": repeated.same_agent,
        "same_task_type": repeated.same_task_type,
    }
    members = {
        "score": round(repeated.score, 3),
        "rests_on": basis,
        "times": repeated.times,
        "change": _changed(advice.change),
    }
    return to_json(members)[:-1] + b',"pattern":' + advice.pattern.json + b"}"


def _recurrence(recurrence: Recurrence) -> bytes:
    times = [each.timestamp for each in recurrence.corrections]
    members = {
        "count": len(times),
        "first_seen": format_timestamp(min(times)),
        "last_seen": format_timestamp(max(times)),
        "agents": dict(recurrence.agents().most_common(_MOST_NAMES)),
        "correction_types": dict(recurrence.types().most_common(_MOST_NAMES)),
        "correction_categories": dict(recurrence.categories().most_common(_MOST_NAMES)),
        "change": _changed(recurrence.change),
    }
    return to_json(members)[:-1] + b',"pattern":' + recurrence.pattern.json + b"}"


def _changed(change: Change) -> Changed:
    return {"removed": change.removed[:MOST_SHOWN], "added": change.added[:MOST_SHOWN]}
