"""`/v1/errors/resolve` and outcomes: what fixed it last time, and did that work?"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from app.main import create_app
from app.settings import Settings
from tests.api.answers import MERGE_PATCH, places, problem, store, store_all
from tests.api.keys import bearer, make_key
from tests.patterns import pattern, real_errors
from tests.records import NOON

RESOLVE = "/v1/errors/resolve"
SECONDS = 20.0
FIX = "Read the cart with its fee."

TRACE = """Traceback (most recent call last):
  File "/srv/shop/app/checkout.py", line {line}, in pay
    total = cart_total(cart)
  File "/srv/shop/app/cart.py", line {line}, in cart_total
    return sum(item.price for item in cart) + cart["fee"]
KeyError: 'fee'
"""
OTHER = """Traceback (most recent call last):
  File "/srv/shop/app/mail.py", line 12, in send
    with connect(settings.smtp) as server:
  File "/srv/shop/app/mail.py", line 40, in connect
    return SMTP(host, timeout=3)
ConnectionRefusedError: [Errno 111] Connection refused
"""


def error(pattern_id: str, line: int = 7, **members: Any) -> dict[str, Any]:
    """A cart without a fee."""
    context = members.pop("context", {})
    data = {
        "error_type": "KeyError",
        "error_message": "'fee'",
        "stack_trace": TRACE.format(line=line),
    }
    return pattern("error_occurrence", pattern_id=pattern_id, data=data | members, context=context)


ASKED = {
    "error_type": "KeyError",
    "error_message": "'fee'",
    "stack_trace": TRACE.format(line=42),
}
UNKNOWN = {
    "error_type": "ConnectionRefusedError",
    "error_message": "[Errno 111] Connection refused",
    "stack_trace": OTHER,
}


@asynccontextmanager
async def running(settings: dict[str, Any]) -> AsyncIterator[tuple[FastAPI, AsyncClient]]:
    """A service that has just been started, and a client of it."""
    app = create_app(Settings(_env_file=None, **settings), lambda: NOON)
    async with app.router.lifespan_context(app):
        transport = ASGITransport(app)
        async with AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield app, client


async def learned(app: FastAPI) -> None:
    """Wait until all that is stored is learned."""
    await app.state.parts.feed.caught_up(SECONDS)


async def resolve(client: AsyncClient, question: dict[str, Any] = ASKED, **members: Any) -> Any:
    answer = await client.post(RESOLVE, json=question | members)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def fixes(client: AsyncClient, **members: Any) -> list[str]:
    return [each["resolution"] for each in (await resolve(client, **members))["candidates"]]


async def tell(
    client: AsyncClient, resolution_id: str, headers: dict[str, str] | None = None, **body: Any
) -> Response:
    url = f"/v1/resolutions/{resolution_id}/outcomes"
    return await client.post(url, json=body, headers=headers)


async def ids(client: AsyncClient) -> dict[str, str]:
    """The id of each resolution by its text."""
    found = (await resolve(client, limit=50))["candidates"]
    return {each["resolution"]: each["resolution_id"] for each in found}


async def test_an_empty_store_knows_nothing(app: FastAPI, client: AsyncClient) -> None:
    await learned(app)
    assert await resolve(client) == {"candidates": [], "group": None}


async def test_what_fixed_the_same_error_is_told_with_what_says_so(
    app: FastAPI, client: AsyncClient
) -> None:
    await store(client, error("e1", resolution=FIX))
    await learned(app)
    answer = await resolve(client)
    (candidate,) = answer["candidates"]
    assert candidate["resolution"] == FIX
    assert candidate["pattern_id"] == "e1"
    assert candidate["confidence"] == "exact"
    assert candidate["outcomes"] == {"worked": 0, "failed": 0}
    assert candidate["rests_on"]["frames"] == 1
    assert candidate["rests_on"]["functions_shared"] == 2
    assert candidate["rests_on"]["type"] is True
    assert 0 < candidate["rests_on"]["outcomes"] < candidate["score"] < 1
    assert answer["group"]["group_id"] == candidate["group_id"]
    groups = (await client.get("/v1/errors")).json()["items"]
    assert [each["group_id"] for each in groups] == [candidate["group_id"]]
    told = (await client.get(f"/v1/errors/{candidate['group_id']}")).json()["resolutions"]
    assert [each["resolution_id"] for each in told] == [candidate["resolution_id"]]


async def test_of_an_error_that_nothing_is_known_of_nothing_is_told(
    app: FastAPI, client: AsyncClient
) -> None:
    await store(client, error("e1", resolution=FIX))
    await learned(app)
    assert await resolve(client, UNKNOWN) == {"candidates": [], "group": None}


async def test_a_known_error_without_a_resolution_has_its_group_alone(
    app: FastAPI, client: AsyncClient
) -> None:
    await store(client, error("e1"))
    await learned(app)
    answer = await resolve(client)
    assert answer["candidates"] == []
    assert answer["group"]["title"].startswith("KeyError")


async def test_only_what_is_sure_enough_is_told(app: FastAPI, client: AsyncClient) -> None:
    await store(client, error("e1", resolution=FIX))
    await learned(app)
    elsewhere = ASKED | {"stack_trace": TRACE.replace("cart_total", "subtotal").format(line=3)}
    found = (await resolve(client, elsewhere, min_confidence="possible"))["candidates"]
    assert [each["resolution"] for each in found] == [FIX]
    assert found[0]["confidence"] != "exact"
    assert (await resolve(client, elsewhere, min_confidence="exact"))["candidates"] == []


async def test_a_resolution_that_is_patched_in_is_told(app: FastAPI, client: AsyncClient) -> None:
    await store(client, error("e1"))
    patch = {"data": {"resolution": FIX}}
    await client.patch("/v1/patterns/e1", json=patch, headers=MERGE_PATCH)
    await learned(app)
    assert await fixes(client) == [FIX]
    await client.delete("/v1/patterns/e1")
    await learned(app)
    assert await fixes(client) == []


async def test_after_a_restart_the_same_is_told_once_it_is_read_again(
    settings: dict[str, Any],
) -> None:
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await store_all(client, [error(f"e{n}", line=n, resolution=FIX) for n in range(5)])
        await learned(app)
        before = await resolve(client)
    async with running(settings) as (app, client):
        answer = await client.post(RESOLVE, json=ASKED)
        assert problem(answer, 503)["type"] == "urn:pattern-store:problem:still-loading"
        assert answer.headers["retry-after"] == "1"
        await app.state.parts.service.storage.ready()
        await learned(app)
        assert await resolve(client) == before


async def test_a_group_is_known_as_long_as_any_of_its_errors_is(
    app: FastAPI, client: AsyncClient
) -> None:
    callers = [f"caller{letter}" for letter in "abcdef"]
    traces = [TRACE.replace("in pay", f"in {caller}").format(line=1) for caller in callers]
    await store_all(
        client,
        [error(f"e{n}", stack_trace=trace, resolution=FIX) for n, trace in enumerate(traces)],
    )
    await learned(app)
    for number in (5, 4, 0, 3, 2):
        assert await fixes(client, min_confidence="possible") == [FIX]
        await client.delete(f"/v1/patterns/e{number}")
        await learned(app)
    assert await fixes(client, min_confidence="possible") == [FIX]
    await client.delete("/v1/patterns/e1")
    await learned(app)
    assert await resolve(client, min_confidence="possible") == {"candidates": [], "group": None}


async def test_what_was_split_off_is_known_as_that(app: FastAPI, client: AsyncClient) -> None:
    split_trace = TRACE.replace("in pay", "in refund").format(line=1)
    await store_all(
        client,
        [
            error("e1", resolution=FIX),
            error("e2", stack_trace=split_trace, resolution="Refund without it."),
        ],
    )
    await learned(app)
    group = (await resolve(client))["group"]["group_id"]
    body = {"pattern_ids": ["e2"]}
    split = await client.post(f"/v1/errors/{group}/split", json=body)
    answer = await resolve(client, ASKED | {"stack_trace": split_trace})
    assert answer["group"]["group_id"] == split.json()["group_id"]
    assert answer["candidates"][0]["resolution"] == "Refund without it."
    answer = await resolve(client)
    assert answer["group"]["group_id"] == group
    assert answer["candidates"][0]["resolution"] == FIX


async def test_what_worked_rises_and_what_failed_sinks(app: FastAPI, client: AsyncClient) -> None:
    await store_all(client, [error("a", resolution="Try A."), error("b", resolution="Try B.")])
    await learned(app)
    known = await ids(client)
    for _ in range(3):
        assert (await tell(client, known["Try B."], worked=True)).status_code == 201
    assert await fixes(client) == ["Try B.", "Try A."]
    for _ in range(9):
        await tell(client, known["Try B."], worked=False)
    for _ in range(2):
        await tell(client, known["Try A."], worked=True)
    first, second = (await resolve(client))["candidates"]
    assert first["resolution"] == "Try A."
    assert first["outcomes"] == {"worked": 2, "failed": 0}
    assert second["outcomes"] == {"worked": 3, "failed": 9}
    assert first["rests_on"]["outcomes"] > second["rests_on"]["outcomes"]


async def test_one_success_does_not_beat_many_with_few_failures(
    app: FastAPI, client: AsyncClient
) -> None:
    await store_all(client, [error("a", resolution="Try A."), error("b", resolution="Try B.")])
    await learned(app)
    known = await ids(client)
    await tell(client, known["Try A."], worked=True)
    for number in range(50):
        await tell(client, known["Try B."], worked=number >= 2)
    assert await fixes(client) == ["Try B.", "Try A."]


async def test_recent_outcomes_weigh_more(app: FastAPI, client: AsyncClient, clock: Any) -> None:
    await store_all(client, [error("a", resolution="Try A."), error("b", resolution="Try B.")])
    await learned(app)
    known = await ids(client)
    for _ in range(4):
        await tell(client, known["Try A."], worked=True)
    clock.advance(days=365)
    for _ in range(3):
        await tell(client, known["Try B."], worked=True)
    assert await fixes(client) == ["Try B.", "Try A."]


async def test_an_error_that_resolved_itself_tells_for_its_resolution(
    app: FastAPI, client: AsyncClient
) -> None:
    await store_all(
        client,
        [
            error("a", resolution="Try A."),
            error("b", resolution="Try B.", auto_resolved=True),
        ],
    )
    await learned(app)
    first, second = (await resolve(client))["candidates"]
    assert first["resolution"] == "Try B."
    assert first["rests_on"]["outcomes"] > second["rests_on"]["outcomes"]


async def test_resolutions_that_differ_in_case_and_space_are_one(
    app: FastAPI, client: AsyncClient
) -> None:
    texts = (FIX, f" {FIX.upper()}\n", FIX.replace(" ", "  "))
    await store_all(client, [error(f"e{n}", resolution=text) for n, text in enumerate(texts)])
    await learned(app)
    (candidate,) = (await resolve(client))["candidates"]
    assert candidate["occurrences"] == 3


@pytest.mark.parametrize("how", ["Idempotency-Key", "pattern_id"])
async def test_an_outcome_told_twice_counts_once(
    app: FastAPI, client: AsyncClient, how: str
) -> None:
    await store(client, error("e1", resolution=FIX))
    await learned(app)
    resolution_id = (await ids(client))[FIX]
    headers = {how: "hook-17"} if how == "Idempotency-Key" else None
    body = {"pattern_id": "e1"} if how == "pattern_id" else {}
    first = await tell(client, resolution_id, headers, worked=True, note="It did.", **body)
    again = await tell(client, resolution_id, headers, worked=True, **body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    decision = first.json()["decision"]
    assert (decision["kind"], decision["content"]["note"]) == ("outcome", "It did.")
    (candidate,) = (await resolve(client))["candidates"]
    assert candidate["outcomes"] == {"worked": 1, "failed": 0}
    await client.delete(f"/v1/decisions/{decision['number']}")
    (candidate,) = (await resolve(client))["candidates"]
    assert candidate["outcomes"] == {"worked": 0, "failed": 0}


async def test_an_unknown_resolution_is_a_404(app: FastAPI, client: AsyncClient) -> None:
    await store(client, error("e1", resolution=FIX))
    await learned(app)
    known = (await ids(client))[FIX]
    for unknown in ("x", known[:-1] + ("0" if known[-1] != "0" else "1"), f"{known}0"):
        answer = await tell(client, unknown, worked=True)
        assert problem(answer, 404)["type"] == "urn:pattern-store:problem:resolution-not-found"
    assert places(await tell(client, known, worked=True, pattern_id="e2")) == ["/pattern_id"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"error_type": "E"}, "/error_message"),
        ({"error_message": "m"}, "/error_type"),
        ({"error_type": "", "error_message": "m"}, "/error_type"),
        ({"error_type": "E", "error_message": "m", "stack_trace": 1}, "/stack_trace"),
        ({"error_type": "E", "error_message": "m", "limit": 51}, "/limit"),
        ({"error_type": "E", "error_message": "m", "min_confidence": "sure"}, "/min_confidence"),
        ({"error_type": "E", "error_message": "m", "trace": ""}, "/trace"),
    ],
)
async def test_a_question_that_breaks_a_rule_is_told_which(
    client: AsyncClient, body: Any, place: str
) -> None:
    assert places(await client.post(RESOLVE, json=body)) == [place]


@pytest.mark.parametrize(
    ("body", "place"),
    [({}, "/worked"), ({"worked": 1}, "/worked"), ({"worked": True, "why": ""}, "/why")],
)
async def test_a_report_that_breaks_a_rule_is_told_which(
    client: AsyncClient, body: Any, place: str
) -> None:
    assert places(await tell(client, "res-x", **body)) == [place]


HOSTILE = {
    "binary noise": random.Random(1).randbytes(1 << 20).decode("latin-1"),
    "a megabyte of one line": "at " * (1 << 18),
    "ten thousand frames": "\n".join(f"  at com.shop.C{n}.m(C.java:{n})" for n in range(10_000)),
    "endless recursion": "StackOverflowError\n" + "  at com.shop.C.m(C.java:1)\n" * 50_000,
    "of no language": "it broke\n" * 1000,
    "nothing": "",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_any_trace_gets_a_normal_answer(app: FastAPI, client: AsyncClient, name: str) -> None:
    trace = HOSTILE[name]
    await store_all(
        client,
        [error("e1", resolution=FIX), error("e2", stack_trace=trace, error_message=trace[:5000])],
    )
    await learned(app)
    answer = await resolve(
        client, {**ASKED, "stack_trace": trace, "error_message": trace[:100_000]}
    )
    assert len(answer["candidates"]) <= 5
    assert await fixes(client) == [FIX]


async def test_a_bound_key_asks_and_rates_its_projects_alone(
    app: FastAPI, client: AsyncClient, tmp_path: Path, storage_url: str
) -> None:
    bound = bearer(make_key(tmp_path, storage_url, "write", "--project", "checkout"))
    admin = bearer(make_key(tmp_path, storage_url, "admin"))
    client.headers.update(admin)
    await store_all(
        client,
        [
            error("mine", resolution=FIX, context={"project_name": "checkout"}),
            error("theirs", resolution="Ask Ada.", context={"project_name": "theirs"}),
        ],
    )
    await learned(app)
    known = await ids(client)
    assert set(known) == {FIX, "Ask Ada."}
    await tell(client, known[FIX], worked=False)
    client.headers.update(bound)
    (candidate,) = (await resolve(client))["candidates"]
    assert (candidate["resolution"], candidate["pattern_id"]) == (FIX, "mine")
    assert candidate["outcomes"] == {"worked": 0, "failed": 0}, "reported for all projects"
    problem(await tell(client, known["Ask Ada."], worked=True), 404)
    assert places(await tell(client, known[FIX], worked=True, pattern_id="theirs")) == [
        "/pattern_id"
    ]
    assert (await tell(client, known[FIX], worked=True)).status_code == 201
    (candidate,) = (await resolve(client))["candidates"]
    assert candidate["outcomes"] == {"worked": 1, "failed": 0}
    client.headers.update(admin)
    mine = next(each for each in (await resolve(client))["candidates"] if each["resolution"] == FIX)
    assert mine["outcomes"] == {"worked": 1, "failed": 1}


async def test_the_real_errors_are_told_what_resolved_them(
    app: FastAPI, client: AsyncClient
) -> None:
    real = [each for each in real_errors() if "resolution" in each["data"]][:60]
    await store_all(client, real)
    await learned(app)
    right = 0
    for each in real:
        data = {name: each["data"].get(name) for name in ASKED}
        found = (await resolve(client, data))["candidates"]
        right += bool(found) and found[0]["resolution"] == each["data"]["resolution"]
    assert right >= 0.8 * len(real)
