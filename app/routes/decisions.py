"""Decisions about errors: told, undone."""

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from app.errors import DecisionNotFound
from app.keys.key import Scope
from app.routes.components import JSON, content
from app.routes.direct import DirectRoute, operation
from app.routes.parameters import DecisionParameters, Parameters, read_parameters
from app.routes.refusals import PARAMETERS, STORAGE
from app.routes.state import state_of
from app.schemas.error_answers import DecisionMade

router = APIRouter(route_class=DirectRoute)

_NUMBER = {
    "name": "number",
    "in": "path",
    "required": True,
    "description": "The decision's number.",
    "schema": {"type": "integer", "minimum": 1},
    "example": 17,
}


@router.get(
    "/v1/decisions",
    **operation(
        "listDecisions",
        "See what was decided about errors",
        "Merges and splits of groups, reports of what worked, and what was undone; the latest "
        "first. A key for projects sees what was decided for these alone.",
        tag="errors",
        scope=Scope.READ,
        parameters=[DecisionParameters],
        answers={200: {"description": "A page of decisions.", "content": content("DecisionPage")}},
        problems=(*PARAMETERS, *STORAGE),
    ),
)
async def list_decisions(request: Request) -> Response:
    parameters = read_parameters(request, DecisionParameters)
    page = await state_of(request).service.decisions.page(
        kinds=parameters.kind, limit=parameters.limit, cursor=parameters.cursor
    )
    return Response(to_json(page), media_type=JSON)


@router.delete(
    "/v1/decisions/{number}",
    **operation(
        "undoDecision",
        "Undo a decision",
        "All is as if it had not been made; those made after it stay. The answer is the decision "
        "that undoes it: to undo that one brings the first back.",
        tag="errors",
        scope=Scope.WRITE,
        parameters=[_NUMBER],
        answers={200: {"description": "It is undone.", "content": content("DecisionMade")}},
        problems=(*PARAMETERS, DecisionNotFound, *STORAGE),
    ),
)
async def undo_decision(request: Request) -> Response:
    read_parameters(request, Parameters)
    number = request.path_params["number"]
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise DecisionNotFound(number)
    decisions = state_of(request).service.decisions
    told = await decisions.tell(await decisions.undo(int(number)))
    answer: DecisionMade = {"decision": told, "group_id": None}
    return Response(to_json(answer), media_type=JSON)
