"""Groups of errors: found, read, merged, split."""

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from app.errors import GroupNotFound
from app.keys.key import Scope
from app.routes.components import JSON, content
from app.routes.direct import DirectRoute, operation
from app.routes.parameters import (
    GroupListParameters,
    GroupParameters,
    Parameters,
    read_parameters,
)
from app.routes.questions import read_question
from app.routes.refusals import BODY, PARAMETERS, SEARCH, STORAGE
from app.routes.state import state_of
from app.schemas.error_answers import DecisionMade
from app.schemas.fields import GROUP_ID
from app.schemas.filters import Filters, Order
from app.schemas.questions import Merge, Split
from app.storage.learned import Decision, GroupOrder, GroupStatus

router = APIRouter(route_class=DirectRoute)

_ID = {
    "name": "group_id",
    "in": "path",
    "required": True,
    "description": "The group's id, or that of one that went into it.",
    "schema": {"type": "string", "pattern": GROUP_ID},
    "example": "err-07f1c4a95be23d68",
}
_DECIDED = {201: {"description": "Decided.", "content": content("DecisionMade")}}
_DECIDING = (*PARAMETERS, *BODY, GroupNotFound, *STORAGE)


@router.get(
    "/v1/errors",
    **operation(
        "listErrorGroups",
        "See which errors recur",
        "Errors that are one are a group: alike in type, in message but for its variable parts, "
        "and in where they were raised. Here are those groups of which an error passes all "
        "filters, with what these errors add up to. `status` and `resolution_known` are those of "
        "all its errors, in the project if one is asked for. What is stored is counted within a "
        "second. A group that changes its place while one pages may come twice, or not at all.",
        tag="errors",
        scope=Scope.READ,
        parameters=[GroupListParameters],
        answers={200: {"description": "A page of groups.", "content": content("ErrorGroupPage")}},
        problems=(*PARAMETERS, *SEARCH),
    ),
)
async def list_error_groups(request: Request) -> Response:
    parameters = read_parameters(request, GroupListParameters)
    page = await state_of(request).service.groups.page(
        parameters.filters,
        status=None if parameters.status is None else GroupStatus(parameters.status),
        order=GroupOrder(parameters.order),
        limit=parameters.limit,
        cursor=parameters.cursor,
    )
    return Response(to_json(page), media_type=JSON)


@router.get(
    "/v1/errors/{group_id}",
    **operation(
        "getErrorGroup",
        "Read a group of errors",
        "What it adds up to, what fixed it, why its errors are one group, and the errors "
        "themselves, a page of them by time: follow `next_cursor`. Of a group that went into "
        "another, it is that one.",
        tag="errors",
        scope=Scope.READ,
        parameters=[_ID, GroupParameters],
        answers={200: {"description": "The group.", "content": content("ErrorGroupDetail")}},
        problems=(*PARAMETERS, GroupNotFound, *SEARCH),
    ),
)
async def get_error_group(request: Request) -> Response:
    parameters = read_parameters(request, GroupParameters)
    service = state_of(request).service
    told = await service.groups.get(request.path_params["group_id"])
    page = await service.query(
        Filters(group_id=told.group["group_id"]),
        order=Order(parameters.order),
        limit=parameters.limit,
        cursor=parameters.cursor,
    )
    members = to_json(told.group | {"resolutions": told.resolutions, "why": told.why})
    occurrences = b",".join([pattern.json for pattern in page.patterns])
    body = b'%b,"occurrences":[%b],"next_cursor":%b}' % (
        members[:-1],
        occurrences,
        to_json(page.next_cursor),
    )
    return Response(body, media_type=JSON)


@router.post(
    "/v1/errors/{group_id}/merge",
    **operation(
        "mergeErrorGroups",
        "Merge a group into another",
        "From now on they are one, and what would come into the one comes into the other. "
        "`DELETE /v1/decisions/{number}` undoes it. With a key for projects it holds in these.",
        tag="errors",
        scope=Scope.WRITE,
        parameters=[_ID],
        body=content("Merge"),
        body_description="The group it goes into.",
        answers=_DECIDED,
        problems=_DECIDING,
    ),
)
async def merge_error_groups(request: Request) -> Response:
    read_parameters(request, Parameters)
    asked = await read_question(request, Merge)
    groups = state_of(request).service.groups
    return await _decided(request, *await groups.merge(_group_of(request), asked.into))


@router.post(
    "/v1/errors/{group_id}/split",
    **operation(
        "splitErrorGroup",
        "Split errors off a group",
        "They become a group of their own, with all that are like them in all frames, and so "
        "does what comes in that is. `DELETE /v1/decisions/{number}` undoes it. With a key for "
        "projects it holds in these.",
        tag="errors",
        scope=Scope.WRITE,
        parameters=[_ID],
        body=content("Split"),
        body_description="The errors, by their ids.",
        answers=_DECIDED,
        problems=_DECIDING,
    ),
)
async def split_error_group(request: Request) -> Response:
    read_parameters(request, Parameters)
    asked = await read_question(request, Split)
    state = state_of(request)
    await state.feed.caught_up()  # its errors may have come in just now
    groups = state.service.groups
    return await _decided(request, *await groups.split(_group_of(request), asked.pattern_ids))


def _group_of(request: Request) -> str:
    group_id: str = request.path_params["group_id"]
    return group_id


async def _decided(request: Request, decision: Decision, group_id: str) -> Response:
    told = await state_of(request).service.decisions.tell(decision)
    answer: DecisionMade = {"decision": told, "group_id": group_id}
    return Response(to_json(answer), 201, media_type=JSON)
