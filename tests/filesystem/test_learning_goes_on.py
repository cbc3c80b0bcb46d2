"""What was learned stays known however the index, and the files' numbers, come to be others."""

import asyncio
import json
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from httpx import AsyncClient

from app.errors import StorageUnavailable
from app.schemas.records import StoredDocument
from app.service.lessons import lesson_of
from app.storage.filesystem import FilesystemStorage
from app.storage.filesystem.reconciliation import Reconciliation
from app.storage.learned import LearnedCorrection
from tests.api.answers import store
from tests.api.test_corrections import (
    MISTAKE,
    SECONDS,
    ask,
    ids,
    learned,
    running,
    style,
    timeout,
    until,
)
from tests.filesystem.conftest import failing_commits, opened
from tests.patterns import pattern

TRACE = 'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    x\nValueError: bad'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "patterns"


@pytest.fixture
def settings(root: Path) -> dict[str, Any]:
    off = dict.fromkeys(("retention_interval_seconds", "compression_interval_seconds"), 0)
    return {"storage_url": f"filesystem:///{root}", **off}


def error(pattern_id: str) -> dict[str, Any]:
    """An error, always the same."""
    said = {"error_type": "ValueError", "error_message": "bad", "stack_trace": TRACE}
    return pattern("error_occurrence", pattern_id=pattern_id, data=said)


async def counts(client: AsyncClient) -> list[int]:
    """How often each error was seen."""
    return [group["count"] for group in (await client.get("/v1/errors")).json()["items"]]


async def there(client: AsyncClient, pattern_id: str) -> None:
    """Wait until a pattern is there."""
    async with asyncio.timeout(SECONDS):
        while (await client.get(f"/v1/patterns/{pattern_id}")).status_code != 200:
            await asyncio.sleep(0.05)


async def counted(client: AsyncClient, expected: list[int]) -> None:
    """Wait until errors were seen so often."""
    async with asyncio.timeout(SECONDS):
        while await counts(client) != expected:
            await asyncio.sleep(0.05)


async def damaged(client: AsyncClient, root: Path, pattern_id: str) -> None:
    """Damage the index, which is then made anew beside the service."""
    with closing(sqlite3.connect(root / ".index/index.db")) as index:
        index.execute(
            "UPDATE documents SET document = zeroblob(40)"
            " WHERE seq = (SELECT seq FROM patterns WHERE pattern_id = ?)",
            (pattern_id,),
        )
        index.commit()
    assert (await client.get(f"/v1/patterns/{pattern_id}")).status_code == 503


def file_of(root: Path, pattern_id: str) -> Path:
    """The file of a pattern."""
    (found,) = (path for path in root.rglob("*.json") if pattern_id in path.name)
    return found


async def test_what_was_learned_is_known_after_the_index_was_made_anew_beside_the_service(
    settings: dict[str, Any], root: Path
) -> None:
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await store(client, timeout("c1"))
        await store(client, error("e1"))
        victims = ["v1", "v2"]
        for victim in victims:
            await store(client, pattern("task_completion", pattern_id=victim))
        await learned(app)
        for victim in victims:  # for the second no number is given meanwhile
            await damaged(client, root, victim)
            await there(client, victim)
            await counted(client, [1])
            await until(client, MISTAKE, ["c1"])
        await store(client, style("c2", "user"))
        await store(client, error("e2"))
        await counted(client, [2])
        await learned(app)
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await learned(app)
        assert await counts(client) == [2]
        assert ids(await ask(client, MISTAKE)) == ["c1"]


async def test_what_people_do_to_files_while_the_index_is_made_anew_is_learned(
    settings: dict[str, Any], root: Path
) -> None:
    command = "os.system(command)"
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        for each in (style("edited", "user"), timeout("kept"), timeout("removed")):
            await store(client, each)
        await store(client, pattern("task_completion", pattern_id="victim"))
        await learned(app)
        (asked,) = await ask(client, MISTAKE)
        assert asked["times"] == 2
        await damaged(client, root, "victim")
        file = file_of(root, "edited")
        content = json.loads(file.read_text())
        content["data"] |= {"original_output": command, "corrected_output": "run(command)"}
        file.write_text(json.dumps(content))
        file_of(root, "removed").unlink()
        await there(client, "victim")
        await until(client, command, ["edited"])
        (asked,) = await until(client, MISTAKE, ["kept"])
        assert asked["times"] == 1


@pytest.mark.parametrize("failing", ["run", "_begin_generation"])
async def test_an_index_that_cannot_be_made_anew_at_once_is_later(
    settings: dict[str, Any], root: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    owner: Any = Reconciliation if failing == "run" else FilesystemStorage
    real, tried = getattr(owner, failing), 0

    async def failing_twice(self: Any, *given: Any, **options: Any) -> Any:
        nonlocal tried
        tried += 1
        if tried <= 2:
            raise StorageUnavailable("Input/output error")
        return await real(self, *given, **options)

    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await store(client, timeout("c1"))
        await store(client, pattern("task_completion", pattern_id="victim"))
        await learned(app)
        monkeypatch.setattr(owner, failing, failing_twice)
        await damaged(client, root, "victim")
        await there(client, "victim")
        await until(client, MISTAKE, ["c1"])
    assert tried > 2
    with closing(sqlite3.connect(root / ".index/index.db.damaged")) as index:
        assert index.execute("SELECT count(*) FROM patterns").fetchone() == (2,), "the first one"


async def test_a_lesson_under_way_while_the_index_is_made_anew_does_not_count(
    settings: dict[str, Any], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "os.system(command)"
    begun, go_on = threading.Event(), threading.Event()

    def waiting(pattern: StoredDocument) -> LearnedCorrection:
        if pattern.pattern_id == "c2":
            begun.set()
            go_on.wait(SECONDS)
        return lesson_of(pattern)

    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await store(client, style("edited", "user"))
        await store(client, pattern("task_completion", pattern_id="victim"))
        await learned(app)
        monkeypatch.setattr("app.service.correction_learner.lesson_of", waiting)
        await store(client, timeout("c2"))
        await asyncio.to_thread(begun.wait, SECONDS)
        await damaged(client, root, "victim")
        file = file_of(root, "edited")
        content = json.loads(file.read_text())
        content["data"] |= {"original_output": command, "corrected_output": "run(command)"}
        file.write_text(json.dumps(content))
        await there(client, "victim")
        go_on.set()
        await until(client, command, ["edited"])
        await until(client, MISTAKE, ["c2"])


@pytest.mark.parametrize("first", [timeout("c0", "page"), pattern("task_completion")])
async def test_a_correction_taken_up_under_a_number_gone_beyond_is_learned(
    settings: dict[str, Any], first: dict[str, Any]
) -> None:
    def failing(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    wrong = style("c1", "user")["data"]["original_output"]
    async with running(settings) as (app, client):
        storage = app.state.parts.service.storage
        await storage.ready()
        await store(client, first)
        await learned(app)
        with (
            failing_commits(opened(storage)),
            patch("app.storage.filesystem.mirror.remove_files", failing),
        ):
            assert (await client.post("/v1/patterns", json=style("c1", "user"))).status_code == 503
        for number in range(3):
            await store(client, pattern("task_completion", pattern_id=f"t{number}"))
        await learned(app)
        await there(client, "c1")
        await until(client, wrong, ["c1"])
    async with running(settings) as (_, client):
        await until(client, wrong, ["c1"])


async def test_numbers_stay_where_the_index_is_older_than_the_files(
    settings: dict[str, Any], root: Path, tmp_path: Path
) -> None:
    names = ["c0", "c1", "t", "c2"]

    async def numbers(client: AsyncClient) -> list[int]:
        answers = [await client.get(f"/v1/patterns/{name}") for name in names]
        return [answer.json()["stored"]["seq"] for answer in answers]

    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        await store(client, timeout("c0"))
        await learned(app)
    shutil.copytree(root / ".index", tmp_path / "older")
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        for each in (timeout("c1"), pattern("task_completion", pattern_id="t"), style("c2", "u")):
            await store(client, each)
        before = await numbers(client)
    shutil.rmtree(root / ".index")
    (tmp_path / "older").rename(root / ".index")
    async with running(settings) as (app, client):
        await app.state.parts.service.storage.ready()
        assert await numbers(client) == before
        await until(client, style("c2", "u")["data"]["original_output"], ["c2"])
