"""The index may be lost, damaged or out of date: it is made anew, and answers are as before."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.schemas.filters import Filters, Order
from app.schemas.records import Record, record_of
from app.schemas.timestamps import DAY, now
from app.settings import Settings
from app.storage.base import Storage
from app.storage.filesystem import FilesystemStorage
from app.storage.learned import Learning
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, findings, page_after
from tests.filesystem.conftest import numbered, opened, put
from tests.generated import END, generated
from tests.patterns import pattern
from tests.questions import FILTERS, filters_of, made_up_patterns, question_about
from tests.records import NOON, records

QUERIES = [
    "limit=40",
    "limit=40&order=oldest",
    "limit=40&tags=flaky&tags=python",
    "limit=40&agent=reviewer",
    "limit=40&q=rounded",
    "limit=40&pattern_type=error_occurrence&start_date=2025-12-01&end_date=2025-12-20",
]


def as_received(pattern: dict[str, Any]) -> Record:
    return record_of(pattern, pattern_id=pattern["pattern_id"], at=NOON)


async def fill(storage: Storage, patterns: list[dict[str, Any]]) -> None:
    """A store that has seen something: updates, deletions, packed days, forgotten tombstones."""
    records = [as_received(pattern) for pattern in patterns]
    for start in range(0, len(records), 2000):
        await storage.insert_many(records[start : start + 2000])
    await storage.delete_many(range(5, len(records), 97))
    await storage.purge_tombstones(now() + DAY)
    async for _ in storage.compress(END - 20 * DAY):
        pass
    await change(storage, records)


async def change(storage: Storage, records: list[Record]) -> None:
    """Change some patterns, packed ones too, and delete some."""
    for old in records[3::151]:
        current = await storage.get(old.pattern_id)
        if current is not None:
            content = current.content() | {"version": "2"}
            new = record_of(content, pattern_id=old.pattern_id, at=current.stored.at)
            await storage.update(new, current.stored.seq)
    gone = [await storage.get(old.pattern_id) for old in records[7::113]]
    await storage.delete_many([pattern.stored.seq for pattern in gone if pattern is not None])


async def answers(storage: Storage, questions: list[Filters]) -> dict[str, Any]:
    """What a store answers to all kinds of calls."""
    summary = await storage.summary(NOON)
    told: dict[str, Any] = {
        "changes": await all_changes(storage, deletes=True),
        "days": summary.days,
        "extremes": (summary.oldest, summary.newest, summary.in_future, summary.purged_seq),
        "agents": sorted(await storage.agents(Filters()), key=lambda each: each.agent),
    }
    for filters in questions:
        first = await page_after(storage, None, filters, limit=30)
        told[repr(filters)] = [
            first,
            await page_after(storage, first.patterns[-1], filters) if first.patterns else None,
            await page_after(storage, None, filters, order=Order.OLDEST),
            await storage.count(filters),
            await storage.matching(filters),
        ]
    return told


def index_of(root: Path) -> Path:
    return root / ".index" / "index.db"


def delete_it(root: Path, old: Path) -> None:
    shutil.rmtree(root / ".index")


def truncate_it(root: Path, old: Path) -> None:
    content = index_of(root).read_bytes()
    index_of(root).write_bytes(content[: len(content) // 3])


def empty_it(root: Path, old: Path) -> None:
    index_of(root).write_bytes(b"")


def fill_it_with_garbage(root: Path, old: Path) -> None:
    index_of(root).write_bytes(Random(1).randbytes(200_000))


def garble_its_middle(root: Path, old: Path) -> None:
    with index_of(root).open("r+b") as file:
        file.seek(40 * 4096)
        file.write(b"\xff" * 40 * 4096)


def put_an_old_copy_back(root: Path, old: Path) -> None:
    shutil.rmtree(root / ".index")
    shutil.copytree(old, root / ".index")


DAMAGE = [
    delete_it,
    truncate_it,
    empty_it,
    fill_it_with_garbage,
    garble_its_middle,
    put_an_old_copy_back,
]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("killed", [False, True], ids=["after a clean end", "after a kill"])
async def test_an_index_that_is_no_good_is_made_anew_and_all_answers_are_as_before(
    store: Store, root: Path, tmp_path: Path, damage: Callable[[Path, Path], None], killed: bool
) -> None:
    made_up = made_up_patterns(Random(5), 300)
    records = [as_received(pattern) for pattern in made_up]
    storage = await store.open()
    await fill(storage, made_up)
    storage = await store.reopen()
    await store.close()
    shutil.copytree(root / ".index", tmp_path / "old")
    storage = await store.open()
    await change(storage, records[20:])
    await storage.insert(as_received({**made_up[0], "pattern_id": "last"}))
    random = Random(6)
    asked = [question_about(pattern, [name], random) for name in FILTERS for pattern in made_up[:9]]
    questions = [Filters(), *(filters_of(question) for question in asked if question)]
    before = await answers(storage, questions)
    await store.close()
    if killed:
        store_file = root / "store.json"
        store_file.write_text(
            store_file.read_text().replace('"closed": "', '"closed": null, "x": "')
        )
    damage(root, tmp_path / "old")
    storage = await store.open()
    after = await answers(storage, questions)
    assert after.keys() == before.keys()
    assert [name for name in before if before[name] != after[name]] == []
    assert await findings(storage) == []


async def test_an_index_that_saw_all_is_not_made_anew(store: Store, root: Path) -> None:
    storage = await store.open()
    await fill(storage, made_up_patterns(Random(5), 50))
    storage = opened(await store.reopen())
    assert (await storage.repair()).taken_up == 0
    assert (await storage.summary(NOON)).last_seq < 100


@asynccontextmanager
async def service(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service, which may not be ready yet."""
    settings = Settings(_env_file=None, storage_url=url, retention_interval_seconds=0)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


async def told_by(client: httpx.AsyncClient, cursors: dict[str, str]) -> dict[str, Any]:
    """What the service answers; `cursors` are filled at the first time, and then used."""
    told: dict[str, Any] = {}
    for query in QUERIES:
        page = (await client.get(f"/v1/patterns?{query}")).json()
        cursor = cursors.setdefault(query, page["next_cursor"])
        told[query] = page
        told[f"{query}, next"] = (await client.get(f"/v1/patterns?{query}&cursor={cursor}")).json()
        told[f"{query}, count"] = (await client.get(f"/v1/count?{query.split('&', 2)[-1]}")).json()
    for item in told[QUERIES[0]]["items"]:
        answer = await client.get(f"/v1/patterns/{item['pattern_id']}")
        told[item["pattern_id"]] = answer.headers["ETag"]
    for after_seq in (0, 15_000, 20_100):
        for deletes in ("false", "true"):
            url = f"/v1/export?after_seq={after_seq}&deletes={deletes}"
            answer = await client.get(url)
            told[url] = (answer.status_code, answer.text)
    return told


async def test_twenty_thousand_patterns_are_indexed_anew_with_progress_and_answers_as_before(
    store: Store, storage_url: str, root: Path
) -> None:
    storage = await store.open()
    await fill(storage, [*generated(20_000, days=40)])
    await store.close()
    cursors: dict[str, str] = {}
    async with service(storage_url) as client:
        await ready(client)
        before = await told_by(client, cursors)
    assert before["/v1/export?after_seq=15000&deletes=true"][0] == 410
    assert before["/v1/export?after_seq=20100&deletes=true"][0] == 410
    shutil.rmtree(root / ".index")
    async with service(storage_url) as client:
        waiting = await client.get("/readyz")
        assert waiting.status_code == 503
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.post("/v1/patterns", json={})).status_code in (422, 503)
        assert (await client.get("/v1/patterns")).status_code == 503
        details = await ready(client)
        assert any(" of " in detail and "folders" in detail for detail in details), details
        after = await told_by(client, cursors)
    assert [name for name in before if before[name] != after[name]] == []


async def ready(client: httpx.AsyncClient) -> set[str]:
    """Wait until the service is ready; what it said until then."""
    details = set()
    async with asyncio.timeout(120):
        while (answer := await client.get("/readyz")).status_code != 200:
            details.add(answer.json()["detail"])
            await asyncio.sleep(0.02)
    return details


async def test_numbers_are_never_given_twice_whatever_is_deleted_and_lost(
    store: Store, root: Path
) -> None:
    given = []
    for lost in (False, True, True, False, True):
        storage = await store.open()
        inserted = await storage.insert_many(
            [as_received(pattern) for pattern in made_up_patterns(Random(3), 20)]
        )
        given += [insertion.stored.seq for insertion in inserted]
        tombstones = await storage.delete_many(given[-20:])
        assert tombstones == 20
        given += [change.seq for change in (await all_changes(storage, deletes=True))[-20:]]
        await storage.purge_tombstones(now() + DAY)
        assert await all_changes(storage, deletes=True) == []
        await kill(store)
        if lost:
            shutil.rmtree(root / ".index")
    assert given == sorted(set(given))


async def test_an_error_found_under_a_number_that_was_learned_gets_another_to_be_learned(
    store: Store, root: Path
) -> None:
    storage = await store.open()
    await storage.insert_many(records(3))
    await storage.delete_many([2])
    await storage.purge_tombstones(now() + DAY)
    progress = Learning(4, 1)
    await storage.learn([], progress)
    await kill(store)
    found = pattern("error_occurrence", pattern_id="found", timestamp="2026-01-15T10:00:00Z")
    put(root, "found.json", found | {"stored": numbered("found", 2)["stored"]})
    storage = await store.open()
    await storage.ready()
    assert (await storage.fetch("found")).seq > progress.through


async def kill(store: Store) -> None:
    """End a storage as a kill would leave it: without the mark of a clean end."""
    for storage in store._open:
        assert isinstance(storage, FilesystemStorage)
        storage._trusted = False
    await store.close()
