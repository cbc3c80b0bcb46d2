"""Query parameters: what is unknown, empty, repeated or wrong is a 422 that names it."""

import json

import pytest
from httpx import AsyncClient

from tests.api.answers import JSON, places, problem, store, total
from tests.patterns import pattern

FILTERING = [
    ("GET", "/v1/patterns"),
    ("GET", "/v1/count"),
    ("GET", "/v1/export"),
    ("DELETE", "/v1/patterns"),
]
EVERY_FILTERING_CALL = pytest.mark.parametrize(
    ("method", "path"), FILTERING, ids=[" ".join(call) for call in FILTERING]
)

BAD = [
    "pattern_type=error",
    "pattern_type=Error_Occurrence",
    "pattern_type=error_occurrence,agent_usage",
    "pattern_id=a/b",
    "pattern_id=.a",
    "pattern_id=" + "x" * 129,
    "start_date=yesterday",
    "start_date=2026-02-30",
    "start_date=2026-01-01T00:00:60Z",
    "start_date=1767225600",
    "start_date=0000-01-01",
    "end_date=2026-13-01",
    "end_date=2026-01-01T25:00",
    "end_date=10000-01-01",
    "environment=prod",
    "environment=Production",
    "success=1",
    "success=True",
    "success=yes",
    "success=null",
    "severity=major",
    "severity=MINOR",
    "min_duration_ms=-1",
    "min_duration_ms=1.0",
    "min_duration_ms=1e3",
    "min_duration_ms=ten",
    "min_duration_ms=%2B5",
    "min_duration_ms=%205",
    "min_duration_ms=5_0",
    "min_duration_ms=%EF%BC%95",
    "max_duration_ms=" + "9" * 30,
    "max_duration_ms=0x10",
    "q=%20",
    "q=...",
    'q=""',
    "q=*",
    "q=_",
    "q=%F0%9F%99%82",
]

FILTER_NAMES = [
    "pattern_type",
    "pattern_id",
    "start_date",
    "end_date",
    "tags",
    "any_tags",
    "agent",
    "task_type",
    "project_name",
    "environment",
    "session_id",
    "user_id",
    "success",
    "error_type",
    "severity",
    "min_duration_ms",
    "max_duration_ms",
    "q",
]
ONCE = {
    "start_date": "2026-01-01",
    "end_date": "2026-01-01",
    "agent": "a",
    "task_type": "a",
    "project_name": "a",
    "environment": "staging",
    "session_id": "a",
    "user_id": "a",
    "success": "true",
    "error_type": "a",
    "severity": "minor",
    "min_duration_ms": "1",
    "max_duration_ms": "1",
    "q": "a",
}


@EVERY_FILTERING_CALL
async def test_a_value_that_no_pattern_could_have_is_refused(
    client: AsyncClient, method: str, path: str
) -> None:
    await store(client, pattern())
    for query in BAD:
        refused = await client.request(method, f"{path}?{query}")
        assert places(refused) == [query.partition("=")[0]], query
    assert await total(client) == 1


@EVERY_FILTERING_CALL
async def test_an_empty_parameter_is_refused(client: AsyncClient, method: str, path: str) -> None:
    for name in FILTER_NAMES:
        for query in (f"{name}=", name):
            assert places(await client.request(method, f"{path}?{query}")) == [name], query
    for query in ("tags=a&tags=", "any_tags=&any_tags=b", "pattern_id=&pattern_id=a"):
        assert places(await client.request(method, f"{path}?{query}")), query


@EVERY_FILTERING_CALL
async def test_a_parameter_with_one_value_is_given_once(
    client: AsyncClient, method: str, path: str
) -> None:
    for name, value in ONCE.items():
        refused = await client.request(method, f"{path}?{name}={value}&{name}={value}")
        assert places(refused) == [name]


@EVERY_FILTERING_CALL
async def test_an_unknown_parameter_is_refused(client: AsyncClient, method: str, path: str) -> None:
    for name in ("tag", "Tags", "project", "data.agent", "page", "offset", "sort", "_", "%F0%9F"):
        response = await client.request(method, f"{path}?{name}=x&tags=x")
        if name == "%F0%9F":
            problem(response, 400)
        else:
            assert places(response) == [name]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/patterns"),
        ("POST", "/v1/patterns/batch"),
        ("GET", "/v1/patterns/a"),
        ("HEAD", "/v1/patterns/a"),
        ("PUT", "/v1/patterns/a"),
        ("PATCH", "/v1/patterns/a"),
        ("DELETE", "/v1/patterns/a"),
        ("POST", "/v1/validate"),
        ("GET", "/v1/schemas/agent_usage"),
        ("GET", "/v1/stats"),
        ("GET", "/v1/lifecycle"),
        ("POST", "/v1/lifecycle/retention"),
    ],
)
async def test_calls_without_that_parameter_refuse_it_too(
    client: AsyncClient, method: str, path: str
) -> None:
    await store(client, pattern(pattern_id="a"))
    body = json.dumps(pattern()) if method in ("POST", "PUT", "PATCH") else None
    for query in ("limit=5", "dry-run=true", "x"):
        refused = await client.request(method, f"{path}?{query}", content=body, headers=JSON)
        if method == "HEAD":
            assert refused.status_code == 422
        else:
            assert places(refused) == [query.partition("=")[0]]
    assert (await client.get("/v1/patterns/a")).json()["stored"]["revision"] == 1
    assert await total(client) == 1


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *[
            ("/v1/patterns", f"limit={bad}")
            for bad in ("0", "1001", "-1", "1.0", "ten", "%2B5", "")
        ],
        *[("/v1/patterns", f"order={bad}") for bad in ("desc", "Newest", "")],
        ("/v1/patterns", "limit=1&limit=1"),
        ("/v1/patterns", "order=oldest&order=oldest"),
        ("/v1/patterns", "cursor="),
        ("/v1/patterns", "after_seq=1"),
        ("/v1/patterns", "dry_run=true"),
        *[("/v1/count", f"{name}=1") for name in ("limit", "cursor", "after_seq", "expect")],
        *[("/v1/export", f"after_seq={bad}") for bad in ("-1", "1.5", "x", "", "9" * 19, "9" * 20)],
        *[("/v1/export", f"deletes={bad}") for bad in ("1", "yes", "TRUE", "")],
        *[("/v1/export", f"{name}=1") for name in ("limit", "cursor", "order")],
    ],
)
async def test_parameters_of_one_call_have_their_own_limits(
    client: AsyncClient, path: str, query: str
) -> None:
    assert set(places(await client.get(f"{path}?{query}"))) == {query.partition("=")[0]}


async def test_all_that_is_wrong_is_told_at_once(client: AsyncClient) -> None:
    refused = await client.get("/v1/patterns?success=1&limit=0&nope=1&q=&severity=minor")
    assert set(places(refused)) == {"success", "limit", "nope", "q"}


async def test_a_plus_sign_that_means_a_space_is_explained(client: AsyncClient) -> None:
    refused = await client.get("/v1/patterns?start_date=2026-01-01T00:00:00+01:00")
    assert places(refused) == ["start_date"]
    assert "%2B" in refused.json()["errors"][0]["detail"]


async def test_at_most_a_hundred_ids(client: AsyncClient) -> None:
    ids = [f"p{n}" for n in range(101)]
    asked = await client.get("/v1/patterns", params={"pattern_id": ids[:100]})
    assert asked.status_code == 200
    assert places(await client.get("/v1/patterns", params={"pattern_id": ids})) == ["pattern_id"]


@pytest.mark.parametrize("query", ["q=%FF", "%FF=x", "tags=%C3", "tags=%ED%A0%80"])
async def test_a_query_that_is_not_utf_8_is_a_400(client: AsyncClient, query: str) -> None:
    problem(await client.get(f"/v1/patterns?{query}"), 400)


async def test_values_with_any_characters_can_be_asked_for(client: AsyncClient) -> None:
    odd = "50% a&b=c;d+e #\"'\\ \x00 größe 🙂"
    await store(client, pattern(pattern_id="odd", context={"tags": [odd], "session_id": odd}))
    for name in ("tags", "any_tags", "session_id"):
        answer = await client.get("/v1/patterns", params={name: odd})
        assert [item["pattern_id"] for item in answer.json()["items"]] == ["odd"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "minimum"),
        ("limit=1001", "maximum"),
        ("order=sideways", "enum"),
        ("pattern_id=%2F", "pattern"),
        ("start_date=yesterday", "format"),
        ("&".join(f"pattern_id=p{n}" for n in range(101)), "maxItems"),
    ],
)
async def test_codes_are_keywords_of_json_schema_as_for_fields(
    client: AsyncClient, query: str, code: str
) -> None:
    (error,) = problem(await client.get(f"/v1/patterns?{query}"), 422)["errors"]
    assert error["code"] == code
