"""After any history, groups are what a plain computation makes of all errors and decisions."""

import asyncio
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from app.learning.fingerprint import Fingerprint, Parts
from app.learning.resolutions import resolution_hash
from app.schemas.filters import Filters, Order
from app.schemas.records import StoredDocument, record_of
from app.schemas.timestamps import DAY, HOUR, format_timestamp
from app.service.feed import Feed
from app.service.learner import Learner
from app.service.retention import RetentionPolicy, expire, plan_by_policy
from app.storage.base import Storage
from app.storage.learned import Decision, GroupOrder, Proposal, Source
from tests.conftest import BACKENDS
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, all_decisions, findings
from tests.group_oracle import Occurrence, Told, groups_of
from tests.patterns import pattern
from tests.records import NOON

IDS = [f"e{number}" for number in range(16)]
MESSAGES = ["a one", "a two", "a three", "b one", "b two", "c one"]
PROJECTS = ["", "p", "q"]
RESOLUTIONS = ["restart", "wait", None, None, None]


def analyse(_: str, message: str, __: str | None, ___: str) -> tuple[Fingerprint, bytes]:
    """The first word is the fingerprint, the whole message the variant."""
    word = message.split(maxsplit=1)[0]
    return Fingerprint(1, word, message, message, Parts(None, "Error", word, ())), b""


class History:
    """A store that is written to, learned, decided about and killed at random."""

    def __init__(self, backend: str, folder: Path, seed: int) -> None:
        self._folder = folder
        self._backend = backend
        self._random = Random(seed)
        self._lives = 0
        self._now = NOON

    async def begin(self) -> None:
        folder = self._folder / str(self._lives)
        folder.mkdir(exist_ok=True)
        self._store = Store(BACKENDS[self._backend].format(folder=folder))
        self.storage: Storage = await self._store.open()
        learner = Learner(self.storage, analysis=analyse, version=1)
        self._feed = Feed(self.storage, [learner])
        self._feed.start()

    async def end(self) -> None:
        await self._feed.stop()
        await self._store.close()

    async def go_on(self) -> None:
        """Do something that may be anything."""
        calls = {
            self.post: 12, self.change: 6, self.delete: 3, self.learn: 6, self.merge: 3,
            self.split: 3, self.undo: 3, self.report: 4, self.compress: 1, self.retain: 1,
            self.reopen: 1, self.kill: 1,
        }  # fmt: skip
        await self._random.choices([*calls], [*calls.values()])[0]()
        self._now += HOUR

    async def post(self) -> None:
        self._now += 1
        posted = self._pattern()
        timestamp = format_timestamp(self._now - self._random.randint(0, 40) * DAY)
        record = record_of(
            posted | {"timestamp": timestamp}, pattern_id=self._random.choice(IDS), at=self._now
        )
        await self.storage.insert(record)

    async def change(self) -> None:
        if (old := self._one(await self._stored())) is None:
            return
        posted = self._pattern() | {"timestamp": format_timestamp(old.timestamp)}
        record = record_of(posted, pattern_id=old.pattern_id, at=old.stored.at)
        await self.storage.update(record, old.seq)

    async def delete(self) -> None:
        if (old := self._one(await self._stored())) is not None:
            await self.storage.delete_many([old.seq])

    async def learn(self) -> None:
        await self._feed.caught_up(60)

    async def merge(self) -> None:
        groups = [*await self._groups()]
        if len(groups) > 1:
            group_id, into = self._random.sample(groups, 2)
            await self._decide("merge", {"group_id": group_id, "into": into})

    async def split(self) -> None:
        if (group := self._one([*await self._groups()])) is not None:
            variants = await self.storage.group_variants(group, Filters())
            split = {one.name.variant for one in variants if self._random.random() < 0.5}
            content = {"group_id": group, "new_group_id": f"err-{self._now}"}
            await self._decide("split", content | {"variants": sorted(split)})

    async def undo(self) -> None:
        if (decision := self._one(await all_decisions(self.storage))) is not None:
            proposal = Proposal("undo", {"decision": decision.number}, decision.projects)
            await self.storage.decide(proposal, self._now)

    async def report(self) -> None:
        if (group := self._one([*await self._groups()])) is not None:
            content = {"group_id": group, "worked": self._random.random() < 0.6}
            await self._decide("outcome", content | {"resolution": resolution_hash("restart")})

    async def compress(self) -> None:
        async for _ in self.storage.compress(self._now - 20 * DAY):
            pass

    async def retain(self) -> None:
        await self.learn()
        before = {
            (project, group): set(told.resolutions)
            for project in PROJECTS
            for group, told in (await self._expected({project})).items()
        }
        policy = RetentionPolicy(days=25, grace_days=0)
        plan = await plan_by_policy(self.storage, policy, self._now)
        report = await expire(self.storage, plan, dry_run=False)
        assert report.patterns == len(plan.seqs)
        for (project, group), resolutions in before.items():
            told = (await self._expected({project})).get(group, Told())
            assert set(told.resolutions) == resolutions, "retention forgot what fixed an error"

    async def reopen(self) -> None:
        await self.end()
        await self.begin()

    async def kill(self) -> None:
        """Go on with what a process that is killed now would leave."""
        await self._feed.stop()
        there = self._folder / str(self._lives)
        self._lives += 1
        await asyncio.to_thread(shutil.copytree, there, self._folder / str(self._lives))
        await self._store.close()
        await self.begin()

    async def assert_same(self) -> None:
        """Everything that is told of groups is as the plain computation has it."""
        await self.learn()
        for projects in (None, {"p"}, {"", "q"}):
            filters = Filters(projects=tuple(sorted(projects or ())))
            expected = await self._expected(projects)
            assert await self._told(filters) == expected
        assert await findings(self.storage) == []

    async def _expected(self, projects: set[str] | None) -> dict[str, Told]:
        occurrences = [occurrence_of(each) for each in await self._stored()]
        return groups_of(
            occurrences, [*map(with_text, await all_decisions(self.storage))], projects
        )

    async def _told(self, filters: Filters) -> dict[str, Told]:
        page = await self.storage.groups(filters, order=GroupOrder.RECENT, limit=1000)
        found = {}
        for group in page.groups:
            patterns = await self.storage.query(
                Filters(group_id=group.group_id, projects=filters.projects),
                order=Order.NEWEST, limit=1000, max_bytes=2**30,
            )  # fmt: skip
            resolutions = await self.storage.resolutions([group.group_id], filters)
            assert group.count == len(patterns.patterns)
            assert group.resolution_known == bool(resolutions)
            found[group.group_id] = Told(
                {each.pattern_id for each in patterns.patterns},
                group.first_seen,
                group.last_seen,
                group.status,
                {
                    each.text: (each.occurrences, told[True], told[False])
                    for each in resolutions
                    for told in (
                        Counter(
                            one.worked for one in each.evidence if one.source is Source.OUTCOME
                        ),
                    )
                },
            )
        return found

    async def _groups(self) -> list[str]:
        page = await self.storage.groups(Filters(), order=GroupOrder.RECENT, limit=1000)
        return [group.group_id for group in page.groups]

    async def _decide(self, kind: str, content: dict[str, Any]) -> None:
        projects = self._random.choice([(), (), ("p",), ("p", "q")])
        await self.storage.decide(Proposal(kind, content, projects), self._now)

    async def _stored(self) -> list[StoredDocument]:
        changes = await all_changes(self.storage)
        return [each for each in changes if isinstance(each, StoredDocument)]

    def _pattern(self) -> dict[str, Any]:
        data: dict[str, Any] = {"error_message": self._random.choice(MESSAGES)}
        if (resolution := self._random.choice(RESOLUTIONS)) is not None:
            data["resolution"] = resolution
        if self._random.random() < 0.1:
            data["auto_resolved"] = True
        project = self._random.choice(PROJECTS)
        context = {"project_name": project} if project else {}
        return pattern("error_occurrence", data=data, context=context)

    def _one(self, some: list[Any]) -> Any:
        return self._random.choice(some) if some else None


def with_text(decision: Decision) -> Decision:
    """The same, naming a resolution by its text."""
    text = {"resolution": "restart"} if decision.kind == "outcome" else {}
    return replace(decision, content={**decision.content, **text})


def occurrence_of(stored: StoredDocument) -> Occurrence:
    content = stored.content()
    data = content["data"]
    return Occurrence(
        stored.pattern_id,
        stored.seq,
        stored.stored.at,
        stored.timestamp,
        content["context"].get("project_name", ""),
        data["error_message"].split()[0],
        data["error_message"],
        data.get("resolution"),
        data.get("auto_resolved", False),
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("backend", BACKENDS)
async def test_after_any_history_groups_are_what_errors_and_decisions_make_them(
    backend: str, seed: int, tmp_path: Path
) -> None:
    history = History(backend, tmp_path, seed)
    await history.begin()
    for _ in range(4):
        for _ in range(30):
            await history.go_on()
        await history.assert_same()
    await history.end()
