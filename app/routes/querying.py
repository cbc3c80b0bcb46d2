"""Many patterns by what they hold: queried, counted, deleted."""

from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from pydantic_core import to_json
from starlette.responses import Response

from app.errors import FieldError, InvalidRequest, PreconditionFailed
from app.keys.key import Scope
from app.routes.components import JSON, content, header
from app.routes.direct import DirectRoute, operation
from app.routes.parameters import (
    DeleteParameters,
    FilterParameters,
    QueryParameters,
    read_parameters,
)
from app.routes.refusals import PARAMETERS, SEARCH
from app.routes.state import state_of
from app.schemas.answers import DeletionCounts, PatternCount
from app.schemas.examples import CURSOR
from app.schemas.filters import Order
from app.service.patterns import QueryPage

router = APIRouter(route_class=DirectRoute)

_AS_ASKED = "!$%&'()*+,/:;=?@"
"""What else may stand in a query as it is (RFC 3986, section 3.4), escapes among it."""


@router.get(
    "/v1/patterns",
    **operation(
        "queryPatterns",
        "Find patterns",
        "The patterns that pass all filters, by time. Follow `next_cursor`, or the `Link` "
        "header, until it is null: a pattern that matches throughout comes exactly once, "
        "whatever is written meanwhile.",
        tag="querying",
        scope=Scope.READ,
        parameters=[QueryParameters],
        answers={
            200: {
                "description": "A page of patterns.",
                "headers": {
                    "Link": header(
                        "The next page, if there is one (RFC 8288).",
                        f'</v1/patterns?limit=50&cursor={CURSOR}>; rel="next"',
                        required=False,
                    )
                },
                "content": content("PatternPage"),
            }
        },
        problems=(*PARAMETERS, *SEARCH),
    ),
)
async def query_patterns(request: Request) -> Response:
    parameters = read_parameters(request, QueryParameters)
    page = await state_of(request).service.query(
        parameters.filters,
        order=Order(parameters.order),
        limit=parameters.limit,
        cursor=parameters.cursor,
    )
    return Response(_page_json(page), headers=_link(request, page), media_type=JSON)


@router.get(
    "/v1/count",
    **operation(
        "countPatterns",
        "Count patterns",
        "How many patterns pass all filters. `relation` is `gte` where there are more than it "
        "is worth counting.",
        tag="querying",
        scope=Scope.READ,
        parameters=[FilterParameters],
        answers={200: {"description": "The count.", "content": content("PatternCount")}},
        problems=(*PARAMETERS, *SEARCH),
    ),
)
async def count_patterns(request: Request) -> Response:
    filters = read_parameters(request, FilterParameters).filters
    count = await state_of(request).service.count(filters)
    answer: PatternCount = {
        "count": sum(count.by_type.values()),
        "relation": "eq" if count.exact else "gte",
        "by_type": dict(count.by_type),
    }
    return Response(to_json(answer), media_type=JSON)


@router.delete(
    "/v1/patterns",
    **operation(
        "deletePatterns",
        "Delete the patterns that pass the filters",
        "Takes at least one filter. What comes in after the call began stays. Try it with "
        "`dry_run=true`, then say with `expect` how many it should be.",
        tag="querying",
        scope=Scope.WRITE,
        parameters=[DeleteParameters],
        answers={200: {"description": "What was done.", "content": content("DeletionCounts")}},
        problems=(*PARAMETERS, PreconditionFailed, *SEARCH),
    ),
)
async def delete_patterns(request: Request) -> Response:
    parameters = read_parameters(request, DeleteParameters)
    filters = parameters.filters
    if filters.is_empty:
        detail = "Give at least one filter; start_date=0001-01-01 matches every pattern."
        raise InvalidRequest(
            "Without a filter this would delete everything.",
            [FieldError("parameter", "start_date", "required", detail)],
        )
    deletion = await state_of(request).service.delete_matching(
        filters, dry_run=parameters.dry_run, expect=parameters.expect
    )
    answer: DeletionCounts = {"matched": deletion.matched, "deleted": deletion.deleted}
    return Response(to_json(answer), media_type=JSON)


def _page_json(page: QueryPage) -> bytes:
    """The page, made of the stored texts as they are."""
    items = b",".join([pattern.json for pattern in page.patterns])
    return b'{"items":[%b],"next_cursor":%b}' % (items, to_json(page.next_cursor))


def _link(request: Request, page: QueryPage) -> dict[str, str]:
    if page.next_cursor is None:
        return {}
    asked = quote(request.scope["query_string"], safe=_AS_ASKED).split("&")
    kept = [part for part in asked if unquote(part.partition("=")[0]) != "cursor"]
    target = "&".join([*filter(None, kept), f"cursor={page.next_cursor}"])
    return {"Link": f'</v1/patterns?{target}>; rel="next"'}
