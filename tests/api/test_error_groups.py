"""Which errors recur, what fixed them, and what people decide about that."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from app.learning.fingerprint import fingerprint_of
from app.service.feed import Feed
from tests.api.answers import MERGE_PATCH, places, problem, store, store_all
from tests.conftest import Clock
from tests.patterns import pattern

TRACE = """Traceback (most recent call last):
  File "/srv/shop/{module}.py", line 12, in {function}
    return 1
ValueError: no fee
"""
SECONDS = 60.0
"""How long learning may take on a busy machine."""


def error(name: str, message: str = "fee", **members: Any) -> dict[str, Any]:
    data = {"error_type": "ValueError", "error_message": f"no {message}"} | members.pop("data", {})
    return pattern("error_occurrence", pattern_id=name, data=data, **members)


def group_id(message: str = "fee") -> str:
    return f"err-{fingerprint_of('ValueError', f'no {message}', None).group}"


FEE, TAX, SUM = map(group_id, ("fee", "tax", "sum"))


@pytest.fixture
def feed(app: FastAPI) -> Feed:
    found: Feed = app.state.parts.feed
    return found


async def learn(client: AsyncClient, feed: Feed, *errors: dict[str, Any]) -> None:
    """Store errors, and have them be learned."""
    await store_all(client, [*errors])
    await feed.caught_up(SECONDS)


async def counts(client: AsyncClient, query: str = "") -> dict[str, int]:
    """How many errors each group has."""
    answer = (await client.get(f"/v1/errors{query}")).json()
    return {group["group_id"]: group["count"] for group in answer["items"]}


async def read(client: AsyncClient, name: str, query: str = "") -> dict[str, Any]:
    answer = await client.get(f"/v1/errors/{name}{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def decide(client: AsyncClient, name: str, verb: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"/v1/errors/{name}/{verb}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def undo(client: AsyncClient, number: int) -> dict[str, Any]:
    answer = await client.delete(f"/v1/decisions/{number}")
    assert answer.status_code == 200, answer.text
    undone: dict[str, Any] = answer.json()["decision"]
    return undone


async def test_a_stored_error_is_in_its_group_soon(client: AsyncClient, feed: Feed) -> None:
    context = {"project_name": "checkout"}
    await store(
        client,
        error("a", timestamp="2026-01-14T23:00:00Z", data={"agent": "dev"}, context=context),
    )
    await store(client, error("b", timestamp="2026-01-15T01:00:00Z"))
    await feed.caught_up(SECONDS)
    answer = await client.get("/v1/errors")
    assert answer.json() == {
        "items": [
            {
                "group_id": FEE,
                "title": fingerprint_of("ValueError", "no fee", None).title,
                "error_type": "ValueError",
                "count": 2,
                "first_seen": "2026-01-14T23:00:00.000000Z",
                "last_seen": "2026-01-15T01:00:00.000000Z",
                "agents": ["dev"],
                "projects": ["checkout"],
                "days": [{"day": "2026-01-14", "count": 1}, {"day": "2026-01-15", "count": 1}],
                "resolution_known": False,
                "status": "open",
            }
        ],
        "next_cursor": None,
    }


async def test_groups_are_filtered_ordered_and_paged(client: AsyncClient, feed: Feed) -> None:
    await learn(
        client,
        feed,
        error("1", "fee", timestamp="2026-01-10"),
        error("2", "tax", timestamp="2026-01-11", context={"project_name": "x"}),
        error("3", "tax", timestamp="2026-01-12", context={"tags": ["t"]}),
        error("4", "sum", timestamp="2026-01-11", data={"resolution": "add"}),
    )
    assert await counts(client) == {TAX: 2, SUM: 1, FEE: 1}
    assert await counts(client, "?tags=t") == {TAX: 1}
    assert await counts(client, "?project_name=x") == {TAX: 1}
    assert await counts(client, "?q=fee") == {FEE: 1}
    assert await counts(client, "?status=resolved") == {SUM: 1}
    assert await counts(client, "?pattern_type=agent_usage") == {}
    for order, expected in (
        ("recent", [TAX, *sorted([SUM], reverse=True), FEE]),
        ("frequent", [TAX, *sorted([SUM, FEE], reverse=True)]),
        ("first_seen", [*sorted([SUM, TAX], reverse=True), FEE]),
    ):
        found, cursor = [], ""
        while True:
            page = (await client.get(f"/v1/errors?order={order}&limit=1{cursor}")).json()
            found += [group["group_id"] for group in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert found == expected


async def test_a_cursor_is_good_for_its_own_question_only(client: AsyncClient, feed: Feed) -> None:
    await learn(client, feed, error("1", "fee"), error("2", "tax"))
    cursor = (await client.get("/v1/errors?limit=1")).json()["next_cursor"]
    for query in ("order=frequent", "status=open", "project_name=x"):
        assert places(await client.get(f"/v1/errors?{query}&cursor={cursor}")) == ["cursor"]
    assert places(await client.get(f"/v1/errors/{FEE}?cursor={cursor}")) == ["cursor"]
    assert places(await client.get(f"/v1/decisions?cursor={cursor}")) == ["cursor"]
    assert places(await client.get("/v1/errors?order=newest")) == ["order"]


async def test_what_is_resolved_and_comes_back_has_regressed(
    client: AsyncClient, feed: Feed
) -> None:
    await learn(client, feed, error("1"))
    patch = {"data": {"resolution": "Read the cart with its fee."}}
    await client.patch("/v1/patterns/1", json=patch, headers=MERGE_PATCH)
    await feed.caught_up(SECONDS)
    group = await read(client, FEE)
    assert (group["status"], group["resolution_known"]) == ("resolved", True)
    await learn(client, feed, error("2"))
    assert (await read(client, FEE))["status"] == "regressed"
    assert await counts(client, "?status=regressed") == {FEE: 2}


async def test_a_group_tells_what_fixed_it_and_its_errors_a_page_at_a_time(
    client: AsyncClient, feed: Feed
) -> None:
    data = {"resolution": "Wait"}
    await learn(
        client,
        feed,
        *(error(str(day), timestamp=f"2026-01-{day}") for day in (10, 11, 12)),
        error("x", timestamp="2026-01-13", data=data),
        error("y", timestamp="2026-01-09", data={"resolution": " wait", "auto_resolved": True}),
    )
    page = await read(client, FEE, "?limit=2&order=oldest")
    assert [each["pattern_id"] for each in page["occurrences"]] == ["y", "10"]
    page = await read(client, FEE, f"?order=oldest&cursor={page['next_cursor']}")
    assert [each["pattern_id"] for each in page["occurrences"]] == ["11", "12", "x"]
    assert page["next_cursor"] is None
    assert page["occurrences"][2] == (await client.get("/v1/patterns/x")).json()
    (resolution,) = page["resolutions"]
    assert resolution.pop("resolution_id").startswith("res-")
    assert resolution == {
        "resolution": " wait",
        "pattern_id": "y",
        "occurrences": 2,
        "last_seen": "2026-01-13T00:00:00.000000Z",
        "evidence": {"carried": 1, "auto_resolved": 1, "worked": 0, "failed": 0},
    }


async def test_why_errors_are_one_group_is_told(client: AsyncClient, feed: Feed) -> None:
    first, second = (
        TRACE.format(module="cart", function="total"),
        TRACE.format(module="order", function="close"),
    )
    await learn(
        client,
        feed,
        error("1", data={"stack_trace": first}),
        error("2", data={"stack_trace": second}),
        error("3", "tax"),
    )
    ids = {
        each: f"err-{fingerprint_of('ValueError', 'no fee', each).group}"
        for each in (first, second)
    }
    assert len(set(ids.values())) == 2
    agree = (await read(client, ids[first]))["why"]["agree"]
    assert (agree["type"], agree["message"]) == ("ValueError", "no fee")
    assert [frame["function"] for frame in agree["frames"]] == ["total"]
    made = await decide(client, ids[second], "merge", into=ids[first])
    why = (await read(client, ids[first]))["why"]
    assert why["agree"] == {"type": "ValueError", "message": "no fee", "frames": None}
    assert why["variants"] == 2
    assert why["decisions"] == [made["decision"]]
    assert (await read(client, TAX))["why"]["decisions"] == []


async def test_a_merge_sticks_steers_what_comes_and_can_be_undone(
    client: AsyncClient, feed: Feed, clock: Clock
) -> None:
    await learn(client, feed, error("1", "fee"), error("2", "tax"))
    made = await decide(client, FEE, "merge", into=TAX)
    assert made["group_id"] == TAX
    assert made["decision"]["content"] == {"group_id": FEE, "into": TAX}
    assert made["decision"]["kind"] == "merge"
    assert await counts(client) == {TAX: 2}
    await learn(client, feed, error("3", "fee"))
    assert await counts(client) == {TAX: 3}
    assert (await read(client, FEE))["group_id"] == TAX
    undone = await undo(client, made["decision"]["number"])
    assert await counts(client) == {FEE: 2, TAX: 1}
    assert await undo(client, made["decision"]["number"]) == undone
    listed = (await client.get("/v1/decisions")).json()["items"]
    assert [(each["kind"], each["undone_by"]) for each in listed] == [("undo", None), ("merge", 2)]
    await undo(client, undone["number"])
    assert await counts(client) == {TAX: 3}


async def test_a_split_sticks_steers_what_comes_and_can_be_undone(
    client: AsyncClient, feed: Feed
) -> None:
    await learn(client, feed, error("1", "fee"), error("2", "tax"), error("3", "sum"))
    await decide(client, TAX, "merge", into=FEE)
    await decide(client, SUM, "merge", into=FEE)
    made = await decide(client, FEE, "split", pattern_ids=["2"])
    new = made["group_id"]
    assert await counts(client) == {FEE: 2, new: 1}
    await store_all(client, [error("4", "tax")])
    assert places(
        await client.post(f"/v1/errors/{FEE}/split", json={"pattern_ids": ["1", "4"]})
    ) == ["/pattern_ids/1"]
    assert await counts(client) == {FEE: 2, new: 2}
    await undo(client, made["decision"]["number"])
    assert await counts(client) == {FEE: 4}


async def test_what_cannot_be_decided_is_refused(client: AsyncClient, feed: Feed) -> None:
    await learn(client, feed, error("1", "fee"), error("2", "tax"))
    for body, place in (
        ({"into": FEE}, "/into"),
        ({"into": SUM}, "/into"),
        ({"into": "x"}, "/into"),
        ({}, "/into"),
        ({"into": TAX, "more": 1}, "/more"),
        ([], ""),
    ):
        assert places(await client.post(f"/v1/errors/{FEE}/merge", json=body)) == [place]
    for names, place in (
        (["2"], "/pattern_ids/0"),
        (["none"], "/pattern_ids/0"),
        (["1"], "/pattern_ids"),
        ([], "/pattern_ids"),
        ([1], "/pattern_ids/0"),
    ):
        answer = await client.post(f"/v1/errors/{FEE}/split", json={"pattern_ids": names})
        assert places(answer) == [place]
    assert (await client.get("/v1/decisions")).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("name", [SUM, "err-", "none", "err-%00", "%C3%A9"])
async def test_a_group_that_is_not_there_is_a_404(client: AsyncClient, name: str) -> None:
    for answer in (
        await client.get(f"/v1/errors/{name}"),
        await client.post(f"/v1/errors/{name}/merge", json={"into": FEE}),
        await client.post(f"/v1/errors/{name}/split", json={"pattern_ids": ["1"]}),
    ):
        assert problem(answer, 404)["type"].endswith(":group-not-found")


@pytest.mark.parametrize("number", ["1", "0", "-1", "x", "9" * 30, "%C2%B2"])
async def test_a_decision_that_is_not_there_is_a_404(client: AsyncClient, number: str) -> None:
    answer = problem(await client.delete(f"/v1/decisions/{number}"), 404)
    assert answer["type"].endswith(":decision-not-found")


async def test_decisions_come_the_latest_first_and_in_pages(
    client: AsyncClient, feed: Feed
) -> None:
    await learn(client, feed, error("1", "fee"), error("2", "tax"), error("3", "sum"))
    for name in (TAX, SUM):
        await decide(client, name, "merge", into=FEE)
    await undo(client, 1)
    page = (await client.get("/v1/decisions?limit=2")).json()
    assert [each["number"] for each in page["items"]] == [3, 2]
    page = (await client.get(f"/v1/decisions?limit=2&cursor={page['next_cursor']}")).json()
    assert [each["number"] for each in page["items"]] == [1]
    assert page["next_cursor"] is None
    merges = (await client.get("/v1/decisions?kind=merge")).json()["items"]
    assert [each["number"] for each in merges] == [2, 1]


async def test_what_fixed_an_error_outlives_its_retention(client: AsyncClient, feed: Feed) -> None:
    await store_all(
        client,
        [
            error("fixed", timestamp="2024-01-01", data={"resolution": "restart"}),
            error("again", timestamp="2024-01-02"),
        ],
    )
    done = await client.post("/v1/lifecycle/retention?older_than_days=30")
    assert done.json()["patterns"] == 1
    group = await read(client, FEE)
    assert [each["pattern_id"] for each in group["occurrences"]] == ["fixed"]
    assert [each["resolution"] for each in group["resolutions"]] == ["restart"]
    await client.delete("/v1/patterns/fixed")
    problem(await client.get(f"/v1/errors/{FEE}"), 404)


async def test_a_group_that_is_merged_in_one_project_is_still_there_in_another(
    client: AsyncClient, feed: Feed, app: FastAPI
) -> None:
    await learn(
        client,
        feed,
        *(
            error(f"{message}-{project}", message, context={"project_name": project})
            for message in ("fee", "tax")
            for project in ("p", "q")
        ),
    )
    within_p = app.state.parts.service.within(["p"])
    await within_p.groups.merge(FEE, TAX)
    assert await counts(client) == {TAX: 3, FEE: 1}
    assert await counts(client, "?project_name=p") == {TAX: 2}
    assert (await read(client, FEE))["projects"] == ["q"]
    both = app.state.parts.service.within(["p", "q"])
    assert (await both.groups.get(FEE)).group["projects"] == ["q"]
    assert (await within_p.groups.get(FEE)).group["group_id"] == TAX
