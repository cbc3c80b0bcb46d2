"""`/v1/corrections`: what users corrected is told to whoever is about to do it again."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from app.learning.corrections.hunks import VERSION, Hunk, hunks_of
from app.main import create_app
from app.settings import Settings
from tests.api.answers import MERGE_PATCH, places, problem, store, store_all
from tests.api.keys import bearer, make_key
from tests.patterns import pattern

SEARCH = "/v1/corrections/search"
RECURRING = "/v1/corrections/recurring"
MISTAKE = "page = requests.get(address)\npage.raise_for_status()"
SECONDS = 20.0


def correction(pattern_id: str, original: str, corrected: str, **members: Any) -> dict[str, Any]:
    context = members.pop("context", {})
    texts = {"original_output": original, "corrected_output": corrected}
    return pattern("user_correction", pattern_id=pattern_id, data=texts | members, context=context)


def timeout(pattern_id: str, name: str = "url", **members: Any) -> dict[str, Any]:
    """Somebody was told not to make requests without a timeout."""
    return correction(
        pattern_id,
        f"response = requests.get({name})\nresponse.raise_for_status()",
        f"response = requests.get({name}, timeout=10)\nresponse.raise_for_status()",
        **members,
    )


def style(pattern_id: str, name: str, **members: Any) -> dict[str, Any]:
    """Somebody was told not to compare with None."""
    return correction(
        pattern_id, f"if {name} == None:\n    stop()", f"if {name} is None:\n    stop()", **members
    )


async def ask(client: AsyncClient, output: str, **members: Any) -> Any:
    answer = await client.post(SEARCH, json={"output": output, **members})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def recurring(client: AsyncClient, **params: Any) -> Any:
    answer = await client.get(RECURRING, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(items: Any) -> list[str]:
    return [item["pattern"]["pattern_id"] for item in items]


async def until(client: AsyncClient, output: str, expected: list[str]) -> Any:
    """What is told once it is these patterns, which it must soon be."""
    items = None
    async with asyncio.timeout(SECONDS):
        while items is None or ids(items) != expected:
            await asyncio.sleep(0.02)
            answer = await client.post(SEARCH, json={"output": output})
            items = answer.json()["items"] if answer.is_success else None
    return items


@asynccontextmanager
async def running(settings: dict[str, Any]) -> AsyncIterator[tuple[FastAPI, AsyncClient]]:
    """A service that has just been started, and a client of it."""
    app = create_app(Settings(_env_file=None, **settings))
    async with app.router.lifespan_context(app):
        transport = ASGITransport(app)
        async with AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield app, client


async def learned(app: FastAPI) -> None:
    """Wait until all that is stored is learned."""
    await app.state.parts.feed.caught_up(SECONDS)


async def test_an_empty_store_knows_nothing(app: FastAPI, client: AsyncClient) -> None:
    await learned(app)
    assert await ask(client, MISTAKE) == []
    assert await recurring(client) == {"items": [], "items_omitted": 0}


async def test_a_mistake_made_again_is_told_with_what_the_user_said(client: AsyncClient) -> None:
    stored = await store(
        client, timeout("c1", severity="critical", user_feedback="It hung for a night.")
    )
    await store(client, style("c2", "user"))
    (item,) = await until(client, MISTAKE, ["c1"])
    assert item["pattern"] == stored
    assert item["pattern"]["data"]["user_feedback"] == "It hung for a night."
    assert item["change"] == {"removed": "", "added": ", timeout=10"}
    assert item["times"] == 1
    assert 0 < item["score"] <= 1
    basis = item["rests_on"]
    assert basis["wrong"] > basis["corrected"]
    assert (basis["same_agent"], basis["same_task_type"]) == (False, False)


async def test_an_output_that_has_the_correction_is_told_nothing(
    app: FastAPI, client: AsyncClient
) -> None:
    await store(client, timeout("c1"))
    await learned(app)
    right = MISTAKE.replace("address", "address, timeout=5")
    assert await ask(client, right) == []
    assert ids(await ask(client, MISTAKE)) == ["c1"]
    assert await ask(client, "The report is made at night.") == []


async def test_what_is_asked_often_is_told_once_with_how_often(
    app: FastAPI, client: AsyncClient
) -> None:
    await store_all(client, [timeout(f"c{n}", f"url{n}") for n in range(12)])
    await learned(app)
    (item,) = await ask(client, MISTAKE)
    assert item["times"] == 12


async def test_ones_own_corrections_come_first_and_the_limit_holds(
    app: FastAPI, client: AsyncClient
) -> None:
    await store_all(
        client,
        [
            timeout("theirs", agent="tester", context={"project_name": "a"}),
            timeout("mine", agent="builder", task_type="port", context={"project_name": "b"}),
            style("other", "page"),
        ],
    )
    await learned(app)
    for agent, expected in (("tester", "theirs"), ("builder", "mine")):
        item, *_ = await ask(client, MISTAKE, agent=agent, task_type="port")
        assert item["pattern"]["pattern_id"] == expected
        assert item["rests_on"]["same_agent"]
        assert item["rests_on"]["same_task_type"] is (expected == "mine")
    both = f"{MISTAKE}\nif page == None:\n    stop()"
    assert sorted(ids(await ask(client, both, agent="tester"))) == ["other", "theirs"]
    assert len(await ask(client, both, limit=1)) == 1
    assert len(await ask(client, both, min_score=0.0)) == 2
    assert await ask(client, both, min_score=1.0) == []


async def test_the_present_state_counts(client: AsyncClient) -> None:
    await store(client, timeout("c1"))
    await until(client, MISTAKE, ["c1"])
    patch = {"data": {"user_feedback": "Always."}}
    patched = await client.patch("/v1/patterns/c1", json=patch, headers=MERGE_PATCH)
    (item,) = await ask(client, MISTAKE)
    assert item["pattern"] == patched.json()
    undone = {"data": {"corrected_output": patched.json()["data"]["original_output"]}}
    await client.patch("/v1/patterns/c1", json=undone, headers=MERGE_PATCH)
    await until(client, MISTAKE, [])
    await client.patch("/v1/patterns/c1", json=patched.json(), headers=MERGE_PATCH)
    await until(client, MISTAKE, ["c1"])
    await client.delete("/v1/patterns/c1")
    assert await ask(client, MISTAKE) == []


async def test_what_was_learned_is_there_after_a_restart(settings: dict[str, Any]) -> None:
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await store_all(client, [timeout("c1"), style("c2", "user"), pattern()])
    async with running(settings) as (_, client):
        await until(client, MISTAKE, ["c1"])


async def test_at_a_restart_only_what_was_not_learned_before_is_learned(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def noted(original: str, corrected: str) -> list[Hunk]:
        compared.append(original)
        return hunks_of(original, corrected)

    monkeypatch.setattr("app.service.lessons.hunks_of", noted)
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await store_all(client, [timeout("c1"), style("c2", "user"), timeout("c3", "page")])
        await learned(app)
        await client.delete("/v1/patterns/c2")
        await learned(app)
        await app.state.parts.feed.stop()
        later = style("c4", "other")
        await store(client, later)
    assert len(compared) == 3
    async with running(settings) as (app, client):
        await until(client, MISTAKE, ["c3"])
        await learned(app)
    assert compared[3:] == [later["data"]["original_output"]]
    monkeypatch.setattr("app.service.correction_learner.VERSION", VERSION + 1)
    async with running(settings) as (app, client):
        await until(client, MISTAKE, ["c3"])
        await learned(app)
    assert len(compared[4:]) == 3, "all that is there, by another version"


async def test_until_the_corrections_are_read_the_answer_is_to_try_again(
    settings: dict[str, Any],
) -> None:
    async with running(settings) as (_, client):
        answers = [
            await client.post(SEARCH, json={"output": MISTAKE}),
            await client.get(RECURRING),
        ]
    for answer in answers:
        assert problem(answer, 503)["type"] == "urn:pattern-store:problem:still-loading"
        assert answer.headers["retry-after"] == "1"


async def test_what_recurs_is_counted_by_agent_type_and_category(
    app: FastAPI, client: AsyncClient
) -> None:
    await store_all(
        client,
        [
            style("s1", "user", agent="a", correction_type="style", correction_category="None"),
            timeout("t1"),
            style("s2", "order", agent="b", correction_type="style"),
            style("s3", "node", agent="a", correction_type="nit", correction_category="None"),
            correction("x", "one thing", "another"),
            pattern(),
        ],
    )
    await learned(app)
    answer = await recurring(client)
    (item,) = answer["items"]
    assert item["count"] == 3
    assert item["agents"] == {"a": 2, "b": 1}
    assert item["correction_types"] == {"style": 2, "nit": 1}
    assert item["correction_categories"] == {"None": 2}
    assert item["change"] == {"removed": "==", "added": "is"}
    assert item["pattern"]["pattern_id"] == "s3"
    assert item["first_seen"] < item["last_seen"] == item["pattern"]["timestamp"]
    assert answer["items_omitted"] == 0


async def test_what_recurs_passes_the_filters(app: FastAPI, client: AsyncClient) -> None:
    names = ("a", "b", "a", "c")
    await store_all(
        client, [style(f"s{n}", f"name{n}", agent=agent) for n, agent in enumerate(names)]
    )
    await store_all(client, [timeout(f"t{n}", severity="minor") for n in range(3)])
    await learned(app)

    async def found(**params: Any) -> list[tuple[str, int]]:
        items = (await recurring(client, **params))["items"]
        return [(item["pattern"]["pattern_id"], item["count"]) for item in items]

    assert await found() == [("s3", 4), ("t2", 3)]
    assert await found(agent="a") == [("s2", 2)]
    assert await found(agent="c") == []
    assert await found(severity="minor") == [("t2", 3)]
    assert await found(min_count=4) == [("s3", 4)]
    assert await found(limit=1) == [("s3", 4)]
    assert (await recurring(client, limit=1))["items_omitted"] == 1
    assert await found(q="requests") == [("t2", 3)]
    assert await found(pattern_type="user_correction", agent="a") == [("s2", 2)]
    assert await found(pattern_type="agent_usage") == []
    assert await found(end_date="2020-01-01") == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "/output"),
        ({"output": 1}, "/output"),
        ({"output": "x", "limit": 0}, "/limit"),
        ({"output": "x", "limit": 21}, "/limit"),
        ({"output": "x", "limit": "5"}, "/limit"),
        ({"output": "x", "min_score": 1.5}, "/min_score"),
        ({"output": "x", "agent": ""}, "/agent"),
        ({"output": "x", "agents": "a"}, "/agents"),
        ([], ""),
    ],
)
async def test_a_question_that_breaks_a_rule_is_told_which(
    client: AsyncClient, body: Any, place: str
) -> None:
    assert places(await client.post(SEARCH, json=body)) == [place]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "min_count=1", "min_count=x", "agents=a"]
)
async def test_a_parameter_that_breaks_a_rule_is_told(client: AsyncClient, query: str) -> None:
    assert places(await client.get(f"{RECURRING}?{query}")) == [query.partition("=")[0]]


@pytest.mark.parametrize(
    "output",
    [
        random.Random(1).randbytes(1 << 20).decode("latin-1"),
        "requests.get(url)\n" * 50_000,
        "(" * (1 << 20),
        "",
    ],
    ids=["noise", "the same again and again", "one sign", "nothing"],
)
async def test_any_output_gets_a_normal_answer(
    app: FastAPI, client: AsyncClient, output: str
) -> None:
    await store_all(client, [timeout("c1"), correction("c2", output, "x"), style("c3", "user")])
    await learned(app)
    assert len(await ask(client, output)) <= 5


async def test_a_bound_key_is_told_of_its_projects_only(
    app: FastAPI, client: AsyncClient, tmp_path: Path, storage_url: str
) -> None:
    bound = bearer(make_key(tmp_path, storage_url, "read", "--project", "checkout"))
    client.headers.update(bearer(make_key(tmp_path, storage_url, "admin")))
    context = {"project_name": "checkout"}
    await store_all(
        client,
        [
            timeout("mine", context=context),
            *(timeout(f"t{n}", context={"project_name": "theirs"}) for n in range(9)),
            *(style(f"s{n}", f"name{n}", context={"project_name": "theirs"}) for n in range(9)),
            timeout("nobodys"),
        ],
    )
    await learned(app)
    everything = await ask(client, MISTAKE)
    assert everything[0]["times"] == 11
    client.headers.update(bound)
    (item,) = await ask(client, MISTAKE)
    assert (item["pattern"]["pattern_id"], item["times"]) == ("mine", 1)
    assert await ask(client, "while x == None:\n    stop()") == []
    assert (await recurring(client))["items"] == []
    assert (await recurring(client, project_name="theirs"))["items"] == []
