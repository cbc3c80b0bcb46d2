"""How each agent does."""

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from app.keys.key import Scope
from app.routes.components import JSON, content
from app.routes.direct import DirectRoute, operation
from app.routes.parameters import AgentParameters, read_parameters
from app.routes.refusals import PARAMETERS, SEARCH
from app.routes.state import state_of
from app.service.agents import agent_statistics

router = APIRouter(route_class=DirectRoute)


@router.get(
    "/v1/stats/agents",
    **operation(
        "getAgentStatistics",
        "See which agent does best",
        "For each agent that the patterns passing all filters name: how many they are, how many "
        "succeeded and failed, and how long it took; the one with most patterns comes first. "
        "With neither `start_date` nor `end_date` it is the last 7 days up to now; the answer "
        "says which time it is about. It is never stale: what is written counts at once.",
        tag="querying",
        scope=Scope.READ,
        parameters=[AgentParameters],
        answers={200: {"description": "The agents.", "content": content("AgentStatistics")}},
        problems=(*PARAMETERS, *SEARCH),
    ),
)
async def get_agent_statistics(request: Request) -> Response:
    parameters = read_parameters(request, AgentParameters)
    service = state_of(request).service
    answer = await agent_statistics(
        service.storage, parameters.filters, limit=parameters.limit, now=service.clock()
    )
    return Response(to_json(answer), media_type=JSON)
