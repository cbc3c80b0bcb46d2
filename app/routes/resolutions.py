"""What fixed errors like this one, and whether it worked."""

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from app.errors import ResolutionNotFound
from app.keys.key import Scope
from app.learning.confidence import Confidence
from app.routes.components import JSON, content
from app.routes.direct import DirectRoute, header_parameter, operation
from app.routes.parameters import Parameters, read_parameters
from app.routes.patterns import IDEMPOTENCY_KEY, idempotency_key
from app.routes.questions import read_question
from app.routes.refusals import BODY, LEARNED, PARAMETERS, SEARCH
from app.routes.state import state_of
from app.schemas.error_answers import DecisionMade, ResolutionCandidate, ResolutionsFound
from app.schemas.questions import ErrorQuestion, OutcomeReport
from app.service.groups import told_resolution
from app.service.resolving import AskedError, Suggestion, report

router = APIRouter(route_class=DirectRoute)

_ID = {
    "name": "resolution_id",
    "in": "path",
    "required": True,
    "description": "The resolution's id.",
    "schema": {"type": "string", "pattern": "^res-[0-9a-f]{16}-[0-9a-f]{16}$"},
    "example": "res-5b1f0c77a2e94d30-07f1c4a95be23d68",
}
_MADE = {"content": content("DecisionMade", example="OutcomeMade")}


@router.post(
    "/v1/errors/resolve",
    **operation(
        "resolveError",
        "Ask what fixed an error",
        "The resolutions of known errors that are most like this one, the best first: those of "
        "the surest errors, and among them those that worked. The list is empty where nothing is "
        "good enough. What is stored counts within a second; the error itself is not stored.",
        tag="errors",
        scope=Scope.READ,
        body=content("ErrorQuestion"),
        body_description="The error.",
        answers={200: {"description": "The resolutions.", "content": content("ResolutionsFound")}},
        problems=(*PARAMETERS, *BODY, *LEARNED, *SEARCH),
    ),
)
async def resolve_error(request: Request) -> Response:
    read_parameters(request, Parameters)
    question = await read_question(request, ErrorQuestion)
    state = state_of(request)
    projects = state.service.project_names
    project_name = (question.context or {}).get("project_name", "")
    if not isinstance(project_name, str):
        project_name = ""
    elif not project_name and projects is not None and len(projects) == 1:
        (project_name,) = projects
    asked = AskedError(
        question.error_type, question.error_message, question.stack_trace, project_name
    )
    found = await state.resolving.resolve(
        state.service, asked, least=Confidence(question.min_confidence), limit=question.limit
    )
    group = found.group
    answer: ResolutionsFound = {
        "candidates": [_candidate(each) for each in found.suggestions],
        "group": None if group is None else {"group_id": group.group_id, "title": group.title},
    }
    return Response(to_json(answer), media_type=JSON)


@router.post(
    "/v1/resolutions/{resolution_id}/outcomes",
    **operation(
        "reportOutcome",
        "Tell whether a resolution worked",
        "What worked is told first from now on, and what failed sinks. The same again, by its "
        "`Idempotency-Key` or its `pattern_id`, counts once and is answered 200. "
        "`DELETE /v1/decisions/{number}` takes it back. What is reported with a key for projects, "
        "or about an error, counts in these projects; else in all.",
        tag="errors",
        scope=Scope.WRITE,
        parameters=[
            _ID,
            header_parameter(
                "Idempotency-Key",
                "Has a report count once, however often it is sent: 1 to 255 visible ASCII "
                "characters.",
                "7d1f0f5e-hook-18",
                pattern=IDEMPOTENCY_KEY,
            ),
        ],
        body=content("OutcomeReport"),
        body_description="The outcome.",
        answers={
            201: {"description": "It counts."} | _MADE,
            200: {"description": "It counted already."} | _MADE,
        },
        problems=(*PARAMETERS, *BODY, ResolutionNotFound, *SEARCH),
    ),
)
async def report_outcome(request: Request) -> Response:
    read_parameters(request, Parameters)
    key = idempotency_key(request)
    outcome = await read_question(request, OutcomeReport)
    service = state_of(request).service
    decision, is_new = await report(
        service,
        request.path_params["resolution_id"],
        worked=outcome.worked,
        pattern_id=outcome.pattern_id,
        note=outcome.note,
        key=key,
    )
    told = await service.decisions.tell(decision)
    answer: DecisionMade = {"decision": told, "group_id": decision.content["group_id"]}
    return Response(to_json(answer), 201 if is_new else 200, media_type=JSON)


def _candidate(suggestion: Suggestion) -> ResolutionCandidate:
    candidate = suggestion.candidate
    agreement = candidate.match.agreement
    told = told_resolution(suggestion.resolution)
    evidence = told["evidence"]
    return {
        **told,
        "outcomes": {"worked": evidence["worked"], "failed": evidence["failed"]},
        "group_id": suggestion.known.group_id,
        "title": suggestion.known.title,
        "score": round(candidate.score, 3),
        "confidence": agreement.confidence.value,
        "rests_on": {
            "frames": _share(agreement.frames),
            "functions_shared": candidate.match.functions,
            "message": _share(agreement.message),
            "type": agreement.type,
            "library": _share(agreement.library),
            "project": agreement.project,
            "outcomes": round(candidate.evidence.score, 3),
        },
    }


def _share(part: float | None) -> float | None:
    return None if part is None else round(min(1.0, part), 3)
