"""A key bound to projects: to it, nothing else is stored.

Every call of the OpenAPI document is made with such a key on two stores: one that has patterns
of another project as well, and one that has not. The answers must be the same.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response

from app.learning.fingerprint import fingerprint_of
from app.learning.resolutions import resolution_hash, resolution_id
from app.main import create_app
from app.service.feed import Feed
from app.settings import Settings
from tests.api.answers import JSON, LINES, MERGE_PATCH, places, problem, store_all
from tests.api.commands import failed, pattern_store
from tests.api.keys import bearer, make_key
from tests.api.test_openapi_document import DOCUMENT
from tests.patterns import DATA, ndjson, pattern
from tests.records import NOON

SECONDS = 60.0
"""How long learning may take on a busy machine."""

MARK = "zqx"
"""In every name that is theirs, and nowhere else."""


def patterns_of(owner: str, project: str, time: str) -> list[dict[str, Any]]:
    """A pattern of each type, whose every name tells whose it is."""
    text = {"error_type": f"{owner}Error", "error_message": f"{owner} failed"}
    of_type = {
        "task_completion": {"agent": f"{owner}-agent", "task_type": f"{owner}-task"},
        "error_occurrence": text,
        "agent_usage": {"agent_type": f"{owner}-agent", "task_type": f"{owner}-task"},
        "user_correction": {"agent": f"{owner}-agent", "user_feedback": owner},
    }
    context = {
        "project_name": project,
        "session_id": f"{owner}-session",
        "user_id": f"{owner}-user",
        "tags": ["shared", f"{owner}-tag"],
    }
    return [
        pattern(
            name, pattern_id=f"{owner}-{name}", timestamp=time, data=of_type[name], context=context
        )
        for name in DATA
    ]


def common_error(owner: str, project: str, minute: int) -> dict[str, Any]:
    """An error of which both have one, with their own words for what fixed it."""
    return pattern(
        "error_occurrence",
        pattern_id=f"{owner}-common",
        timestamp=f"2026-01-15T11:{minute}:00Z",
        data={"error_type": "Common", "resolution": f"{owner} fixed it", "agent": f"{owner}-agent"},
        context={"project_name": project},
    )


def group_of(error: dict[str, Any]) -> str:
    """The group that an error is of."""
    data = error["data"]
    return f"err-{fingerprint_of(data['error_type'], data['error_message'], None).group}"


MINE = [
    *patterns_of("one", "mine", "2026-01-15T11:30:00Z"),
    *patterns_of("old", "mine", "2025-01-01T00:00:00Z"),
    common_error("one", "mine", 10),
]
THEIRS = [
    *patterns_of(MARK, f"{MARK}-project", "2026-01-15T11:00:00Z"),
    *patterns_of(f"{MARK}-old", f"{MARK}-project", "2024-12-31T00:00:00Z"),
    *patterns_of(f"{MARK}-new", f"{MARK}-project", "2027-01-15T11:00:00Z"),
    pattern(pattern_id=f"{MARK}-none", timestamp="2026-01-15T11:00:00Z"),
    common_error(MARK, f"{MARK}-project", 40),
]
THEIR_ID, MY_ID = THEIRS[0]["pattern_id"], MINE[0]["pattern_id"]
COMMON, MY_GROUP, MY_OTHER, THEIR_GROUP, THEIR_OTHER = map(
    group_of, (MINE[-1], MINE[1], MINE[5], THEIRS[1], THEIRS[5])
)

MY_RESOLUTION, THEIR_RESOLUTION = (
    resolution_id(COMMON, str(resolution_hash(f"{owner} fixed it"))) for owner in ("one", MARK)
)

VALUES: dict[str, list[str]] = {
    "pattern_type": list(DATA),
    "pattern_id": [THEIR_ID, MY_ID],
    "start_date": ["0001-01-01", "2026-01-15"],
    "end_date": ["9999-12-31", "2026-01-15", "2026-01-15T11:15:00Z"],
    "tags": ["shared", f"{MARK}-tag", "one-tag"],
    "any_tags": ["shared", f"{MARK}-tag"],
    "agent": [f"{MARK}-agent", "one-agent"],
    "task_type": [f"{MARK}-task", "one-task"],
    "project_name": [f"{MARK}-project", "mine", "other"],
    "environment": ["production"],
    "session_id": [f"{MARK}-session", "one-session"],
    "user_id": [f"{MARK}-user", "one-user"],
    "success": ["true", "false"],
    "error_type": [f"{MARK}Error", "oneError"],
    "severity": ["minor"],
    "min_duration_ms": ["0"],
    "max_duration_ms": ["999999"],
    "q": [MARK, "one", f"{MARK}*", "failed"],
    "order": ["oldest", "newest", "recent", "frequent", "first_seen"],
    "status": ["open", "resolved", "regressed"],
    "kind": ["merge", "undo"],
    "limit": ["1", "1000"],
    "cursor": ["x"],
    "after_seq": ["0", "3", "9", "1000"],
    "deletes": ["true", "false"],
    "pattern": [],
    "min_count": ["2", "3"],
}
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
READING = {name: each for name, each in OPERATIONS.items() if each[0] in ("GET", "HEAD")}
CHANGED = {"context": {"project_name": f"{MARK}-project"}}

Call = tuple[str, str, bytes, dict[str, str]]
"""Method, URL, body and headers."""

PATCHES: list[Any] = [{}, CHANGED, {"context": None}, {"version": "2.0"}, []]
WRITING: dict[str, list[Call]] = {
    "createPattern": [
        ("POST", "/v1/patterns", json.dumps(body).encode(), JSON)
        for body in (
            pattern(pattern_id="new1"),
            pattern(pattern_id="new2", context={"project_name": "mine"}),
            pattern(pattern_id="new3", context={"project_name": f"{MARK}-project"}),
            pattern(pattern_id="new4", context={"project_name": ""}),
            MINE[0],
            MINE[0] | {"version": "2.0"},
        )
    ],
    "createPatterns": [
        ("POST", f"/v1/patterns/batch?on_conflict={choice}", body, headers)
        for choice in ("reject", "skip", "replace")
        for items in (
            [*MINE[:2], pattern(pattern_id="new5", **CHANGED), pattern(pattern_id="new6"), {}],
        )
        for body, headers in ((json.dumps(items).encode(), JSON), (ndjson(items), LINES))
    ],
    "putPattern": [
        ("PUT", f"/v1/patterns/{MY_ID}", json.dumps(MINE[0] | CHANGED).encode(), JSON),
        ("PUT", f"/v1/patterns/{MY_ID}", json.dumps(MINE[0]).encode(), JSON),
        ("PUT", "/v1/patterns/new7", json.dumps(pattern()).encode(), JSON),
        ("PUT", "/v1/patterns/new8", json.dumps(pattern(**CHANGED)).encode(), JSON),
        ("PUT", f"/v1/patterns/{THEIR_ID}", b"{}", JSON),
        ("PUT", f"/v1/patterns/{THEIR_ID}", b"{}", JSON | {"If-Match": "*"}),
    ],
    "patchPattern": [
        ("PATCH", f"/v1/patterns/{name}", json.dumps(patch).encode(), MERGE_PATCH)
        for name in (THEIR_ID, MY_ID, f"{MARK}-none")
        for patch in PATCHES
    ],
    "deletePattern": [
        ("DELETE", f"/v1/patterns/{name}", b"", headers)
        for name in (THEIR_ID, MY_ID, f"{MARK}-none")
        for headers in ({"If-Match": '"1-1"'}, {"If-Match": "*"}, {})
    ],
    "deletePatterns": [
        ("DELETE", f"/v1/patterns?{query}", b"", {})
        for query in (
            f"project_name={MARK}-project",
            f"pattern_id={THEIR_ID}",
            "tags=shared&dry_run=true",
            "tags=shared&expect=21",
            f"q={MARK}",
            "start_date=0001-01-01",
        )
    ],
    "validatePattern": [
        ("POST", "/v1/validate", json.dumps(body).encode(), JSON)
        for body in (MINE[0], THEIRS[0], MINE[0] | CHANGED, pattern(), {})
    ],
    "resolveError": [
        ("POST", "/v1/errors/resolve", json.dumps(body).encode(), JSON)
        for error_type, message in (
            ("Common", DATA["error_occurrence"]["error_message"]),
            ("oneError", "one failed"),
            (f"{MARK}Error", f"{MARK} failed"),
        )
        for confidence in ("likely", "possible")
        for body in (
            {"error_type": error_type, "error_message": message, "min_confidence": confidence},
        )
    ],
    "reportOutcome": [
        ("POST", f"/v1/resolutions/{name}/outcomes", json.dumps(body).encode(), JSON)
        for name in (THEIR_RESOLUTION, MY_RESOLUTION, "res-x")
        for body in (
            {"worked": True},
            {"worked": False, "pattern_id": THEIRS[1]["pattern_id"]},
            {"worked": False, "pattern_id": MINE[1]["pattern_id"]},
        )
    ],
    "searchCorrections": [
        ("POST", "/v1/corrections/search", json.dumps(body).encode(), JSON)
        for body in (
            {"output": "use a float"},
            {"output": "use a float", "agent": f"{MARK}-agent", "limit": 20, "min_score": 0},
        )
    ],
    "mergeErrorGroups": [
        ("POST", f"/v1/errors/{group}/merge", json.dumps({"into": into}).encode(), JSON)
        for group, into in (
            (THEIR_GROUP, MY_GROUP),
            (MY_GROUP, THEIR_GROUP),
            (COMMON, COMMON),
            (COMMON, MY_GROUP),
        )
    ],
    "splitErrorGroup": [
        ("POST", f"/v1/errors/{group}/split", json.dumps({"pattern_ids": names}).encode(), JSON)
        for group, names in (
            (COMMON, [f"{MARK}-common"]),
            (THEIR_GROUP, [THEIRS[1]["pattern_id"]]),
            (MY_GROUP, [MINE[1]["pattern_id"]]),
        )
    ],
    "undoDecision": [("DELETE", f"/v1/decisions/{number}", b"", {}) for number in (1, 2, 99)],
    "runRetention": [("POST", "/v1/lifecycle/retention?older_than_days=1", b"", {})],
    "runCompression": [("POST", "/v1/lifecycle/compression?older_than_days=1", b"", {})],
}


def test_all_calls_are_walked() -> None:
    assert {*READING, *WRITING} == set(OPERATIONS)
    asked = {
        parameter["name"]
        for name in READING
        for parameter in OPERATIONS[name][2].get("parameters", [])
        if parameter["in"] == "query"
    }
    assert asked <= set(VALUES)


def readings(name: str) -> Iterator[Call]:
    """A reading call in all ways: at each path, with each of its parameters."""
    method, path, operation = OPERATIONS[name]
    paths = {
        path.format(pattern_id=pattern_id, pattern_type="error_occurrence", group_id=group_id)
        for pattern_id, group_id in (
            (THEIR_ID, THEIR_GROUP),
            (MY_ID, MY_GROUP),
            ("none", COMMON),
            ("none", THEIR_OTHER),
        )
    }
    queries = [""] + [
        f"?{parameter['name']}={value}{more}"
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
        for value in VALUES[parameter["name"]]
        for more in ("", "&start_date=0001-01-01" if parameter["name"] != "start_date" else "")
    ]
    for place in sorted(paths):
        for query in queries:
            yield method, place + query, b"", {}


class Stores:
    """The two stores; `shared` has their patterns as well."""

    def __init__(
        self, shared: AsyncClient, alone: AsyncClient, keys: dict[tuple[str, str], str]
    ) -> None:
        self.shared, self.alone = shared, alone
        self._keys = keys

    async def ask(self, call: Call) -> tuple[Response, Response]:
        """Make a call with the bound key of each store."""
        method, url, body, headers = call
        shared, alone = [
            await http.request(
                method, url, content=body, headers=headers | bearer(self._keys[name, "bound"])
            )
            for name, http in (("shared", self.shared), ("alone", self.alone))
        ]
        return shared, alone

    async def theirs(self) -> list[str]:
        """What is stored of theirs, as the whole store's key sees it."""
        admin = bearer(self._keys["shared", "admin"])
        answer = await self.shared.get("/v1/export?deletes=true", headers=admin)
        return [line for line in answer.text.splitlines() if MARK in line]

    async def admin(self, method: str, url: str, **options: Any) -> Response:
        """A call on the shared store, of the whole store's key."""
        admin = bearer(self._keys["shared", "admin"])
        return await self.shared.request(method, url, headers=admin, **options)


@asynccontextmanager
async def service(settings: dict[str, Any]) -> AsyncIterator[tuple[AsyncClient, Feed]]:
    """A client of a service for which time stands still, and what has it learn."""
    app = create_app(Settings(_env_file=None, **settings), lambda: NOON)
    async with app.router.lifespan_context(app):
        await app.state.parts.service.storage.ready()
        transport = ASGITransport(app)
        async with AsyncClient(transport=transport, base_url="http://localhost") as http:
            yield http, app.state.parts.feed


@pytest.fixture(params=[("mine",), ("mine", "other")], ids=["one project", "two projects"])
async def stores(
    request: pytest.FixtureRequest, tmp_path: Path, settings: dict[str, Any]
) -> AsyncIterator[Stores]:
    url = settings["storage_url"]
    urls = {"shared": url, "alone": f"{url}-alone"}
    bound = [word for name in request.param for word in ("--project", name)]
    keys = {}
    for name, place in urls.items():
        keys[name, "bound"] = make_key(tmp_path, place, "write", *bound)
        keys[name, "admin"] = make_key(tmp_path, place, "admin")
    async with AsyncExitStack() as stack:
        clients, feeds = {}, {}
        for name, place in urls.items():
            running = service(settings | {"storage_url": place})
            clients[name], feeds[name] = await stack.enter_async_context(running)
            clients[name].headers.update(bearer(keys[name, "admin"]))
            await store_all(clients[name], MINE)
        await store_all(clients["shared"], THEIRS)
        for feed in feeds.values():
            await feed.caught_up(SECONDS)
        await decide(clients["shared"])
        for client in clients.values():
            del client.headers["Authorization"]
        yield Stores(clients["shared"], clients["alone"], keys)


async def decide(client: AsyncClient) -> None:
    """Decide something about their errors, as the whole store's key may."""
    merged = await client.post(f"/v1/errors/{THEIR_OTHER}/merge", json={"into": THEIR_GROUP})
    assert merged.json()["decision"]["number"] == 1, merged.text
    split = {"pattern_ids": [THEIRS[1]["pattern_id"]]}
    assert (await client.post(f"/v1/errors/{THEIR_GROUP}/split", json=split)).is_success


def seen(answer: Response) -> tuple[int, dict[str, str], str]:
    """All of an answer that could tell something, apart from the numbers of later changes."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    if "etag" in headers:
        headers["etag"] = headers["etag"].split("-")[0]
    headers.pop("content-length", None)
    numbers = "seq|last_seq|after_seq|number"
    body = re.sub(rf'"({numbers})":\d+', r'"\1":0', answer.text)
    return answer.status_code, headers, re.sub(r'\\"(\d+)-\d+\\"', r"\1", body)


@pytest.mark.parametrize("name", READING)
async def test_reading_tells_nothing_of_other_projects(stores: Stores, name: str) -> None:
    for call in readings(name):
        shared, alone = await stores.ask(call)
        told = re.findall(rf"{MARK}[\w-]*", shared.text + str(shared.headers))
        assert all(word in call[1] for word in told), call  # what was asked for may be repeated
        assert shared.status_code < 500, call
        assert seen(shared) == seen(alone), call
        if "after_seq" not in call[1] and shared.status_code == 200:
            assert shared.content == alone.content, call


@pytest.mark.parametrize("name", WRITING)
async def test_writing_changes_and_tells_nothing_of_other_projects(
    stores: Stores, name: str
) -> None:
    before = await stores.theirs()
    assert len(before) == len(THEIRS)
    for call in WRITING[name]:
        shared, alone = await stores.ask(call)
        assert seen(shared) == seen(alone), call
        assert await stores.theirs() == before, call
    export: Call = ("GET", "/v1/export", b"", {})
    shared, alone = await stores.ask(export)
    assert seen(shared) == seen(alone)


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": "*"}], ids=repr)
async def test_an_id_that_others_have_is_taken_and_no_more_is_said(
    stores: Stores, headers: dict[str, str]
) -> None:
    mine = pattern(pattern_id=THEIR_ID, context={"project_name": "mine"})
    body = json.dumps(mine).encode()
    before = await stores.theirs()
    told = set()
    for call in (
        ("POST", "/v1/patterns", body, JSON),
        ("PUT", f"/v1/patterns/{THEIR_ID}", body, JSON | headers),
    ):
        answer, _ = await stores.ask(call)
        refused = problem(answer, 409)
        told.add((refused["type"], refused["title"], refused["detail"], *refused))
        assert MARK not in refused["detail"].replace(THEIR_ID, "")
        assert "etag" not in answer.headers
    assert len(told) == 1
    for choice in ("reject", "skip", "replace"):
        url = f"/v1/patterns/batch?on_conflict={choice}"
        answer, _ = await stores.ask(("POST", url, b"[" + body + b"]", JSON))
        (item,) = answer.json()["errors"]
        assert (item["status"], item["pattern_id"]) == (409, THEIR_ID)
    assert await stores.theirs() == before


async def test_what_was_mine_and_is_theirs_now_is_gone_for_me(stores: Stores) -> None:
    patch = {"context": {"project_name": f"{MARK}-project"}}
    await stores.admin("PATCH", f"/v1/patterns/{MY_ID}", json=patch)
    answer, _ = await stores.ask(("GET", f"/v1/patterns/{MY_ID}", b"", {}))
    problem(answer, 404)
    again, _ = await stores.ask(("POST", "/v1/patterns", json.dumps(MINE[0]).encode(), JSON))
    problem(again, 409)  # though it is the same as was posted then


async def test_deletions_are_not_told_to_bound_keys(stores: Stores) -> None:
    await stores.admin("DELETE", f"/v1/patterns/{THEIR_ID}")
    answer, _ = await stores.ask(("GET", "/v1/export?deletes=true", b"", {}))
    assert problem(answer, 403)["type"] == "urn:pattern-store:problem:insufficient-scope"
    answer, _ = await stores.ask(("GET", "/v1/export", b"", {}))
    assert MARK not in answer.text


async def test_a_pattern_without_a_project_gets_the_keys_only_one(
    client: AsyncClient, tmp_path: Path, storage_url: str
) -> None:
    client.headers.update(bearer(make_key(tmp_path, storage_url, "write", "--project", "checkout")))
    posted = await client.post("/v1/patterns", json=pattern(pattern_id="a"))
    assert posted.json()["context"] == {"project_name": "checkout"}
    tagged = pattern(pattern_id="b", context={"tags": ["x"]})
    for status in (201, 200):
        put = await client.put("/v1/patterns/b", json=tagged)
        assert put.status_code == status
        assert put.json()["context"] == {"tags": ["x"], "project_name": "checkout"}
    patched = await client.patch("/v1/patterns/b", json={"context": {"project_name": None}})
    assert patched.json()["context"]["project_name"] == "checkout"
    repeated = await client.post("/v1/patterns", json=pattern(pattern_id="a"))
    assert repeated.status_code == 200


async def test_with_a_key_for_several_a_pattern_must_say_its_project(
    client: AsyncClient, tmp_path: Path, storage_url: str
) -> None:
    projects = ("--project", "x", "--project", "y")
    client.headers.update(bearer(make_key(tmp_path, storage_url, "write", *projects)))
    for body in (pattern(), pattern(context={"tags": []})):
        assert places(await client.post("/v1/patterns", json=body)) == ["/context/project_name"]
    for project in ("x", "y"):
        body = pattern(context={"project_name": project})
        assert (await client.post("/v1/patterns", json=body)).status_code == 201
    count = await client.get("/v1/count")
    assert count.json()["count"] == 2


async def test_a_write_to_another_project_says_what_to_change(
    client: AsyncClient, tmp_path: Path, storage_url: str
) -> None:
    client.headers.update(bearer(make_key(tmp_path, storage_url, "write", "--project", "checkout")))
    body = pattern(context={"project_name": "other"})
    refused = problem(await client.post("/v1/patterns", json=body), 403)
    assert refused["type"] == "urn:pattern-store:problem:forbidden-project"
    (error,) = refused["errors"]
    assert error["pointer"] == "/context/project_name"
    assert "'checkout'" in error["detail"]


def test_an_admin_key_is_bound_to_no_project(tmp_path: Path) -> None:
    words = ("keys", "create", "--name", "x", "--scope", "admin", "--project", "p")
    assert "whole store" in failed(pattern_store(tmp_path, *words), status=2)
