"""Another version of the algorithm groups anew, and the groups there are go on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.learning.fingerprint import Fingerprint, Parts
from app.service.analyses import Analysis
from app.service.feed import Feed
from app.service.learner import Learner
from app.storage.base import Storage
from app.storage.learned import Learning
from tests.contract.conftest import Store
from tests.contract.learned import ALL, decide, error, grouped
from tests.contract.reading import all_decisions


def by_word(version: int) -> Analysis:
    """Errors are grouped by that word of their message, and are alike in the whole of it."""

    def analyse(_: str, message: str, __: str | None, ___: str) -> tuple[Fingerprint, bytes]:
        word = message.split()[version - 1]
        group, variant = f"{version}{word}", f"{version} {message}"
        parts = Parts(None, "Error", word, ())
        return Fingerprint(version, group, variant, f"title {word}", parts), b""

    return analyse


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    store = Store(f"sqlite:///{tmp_path}/patterns.db")
    yield await store.open()
    await store.close()


async def learn(storage: Storage, version: int) -> dict[str, int]:
    """Learn all there is by a version; how many errors each group then has."""
    learner = Learner(storage, analysis=by_word(version), version=version)
    feed = Feed(storage, [learner])
    feed.start()
    await feed.caught_up(60)
    await feed.stop()
    return await grouped(storage)


async def report(storage: Storage, *messages: str, project: str | None = None) -> None:
    there = (await storage.summary(0)).last_seq
    await storage.insert_many(
        [
            error(f"e{there + place}", project, data={"error_message": message})
            for place, message in enumerate(messages)
        ]
    )


async def test_a_group_goes_on_under_its_id(storage: Storage) -> None:
    await report(storage, "a x", "a x", "b y")
    assert await learn(storage, 1) == {"err-1a": 2, "err-1b": 1}
    assert await learn(storage, 2) == {"err-1a": 2, "err-1b": 1}
    await report(storage, "c x", "d z")
    assert await learn(storage, 2) == {"err-1a": 3, "err-1b": 1, "err-2z": 1}
    found = await storage.variants(after=0, limit=99)
    assert {(each.fingerprint, each.version) for each in found} == {
        ("2x", 2), ("2y", 2), ("2z", 2)
    }  # fmt: skip


async def test_of_several_that_come_of_one_the_largest_inherits_it(storage: Storage) -> None:
    await report(storage, "a x", "a y", "a y", "a z", "b z")
    await learn(storage, 1)
    assert await learn(storage, 2) == {"err-2x": 1, "err-1a": 2, "err-1b": 2}


async def test_of_several_that_are_one_now_the_largest_goes_on_and_of_equals_the_oldest(
    storage: Storage,
) -> None:
    await report(storage, "b x", "a x", "a x", "d y", "c y")
    await learn(storage, 1)
    assert await learn(storage, 2) == {"err-1a": 3, "err-1d": 2}


async def test_what_people_decided_holds_on_and_can_still_be_undone(storage: Storage) -> None:
    await report(storage, "a x", "a y", "b z", "c v", "c w")
    await learn(storage, 1)
    merge = await decide(storage, "merge", group_id="err-1a", into="err-1b")
    split = await decide(
        storage, "split", group_id="err-1c", new_group_id="err-s", variants=["1 c w"]
    )
    assert await learn(storage, 2) == {"err-1b": 3, "err-1c": 1, "err-s": 1}
    await report(storage, "new w", "c w", "a y")
    assert await learn(storage, 2) == {"err-1b": 4, "err-1c": 2, "err-s": 2}
    await decide(storage, "undo", decision=merge)
    assert await grouped(storage) == {"err-1a": 3, "err-1b": 1, "err-1c": 2, "err-s": 2}
    await decide(storage, "undo", decision=split)
    assert await grouped(storage) == {"err-1a": 3, "err-1b": 1, "err-1c": 4}


async def test_a_split_of_one_project_stays_its_own(storage: Storage) -> None:
    await report(storage, "a x", "a y", project="p")
    await report(storage, "a x", "a y", project="q")
    await learn(storage, 1)
    await decide(storage, "split", "p", group_id="err-1a", new_group_id="err-s", variants=["1 a y"])
    assert await learn(storage, 2) == {"err-1a": 3, "err-s": 1}


async def test_two_versions_later_it_is_still_the_same(storage: Storage) -> None:
    await report(storage, "a x k", "a x l", "b y m")
    assert await learn(storage, 1) == {"err-1a": 2, "err-1b": 1}
    await decide(storage, "split", group_id="err-1a", new_group_id="err-s", variants=["1 a x l"])
    for version in (2, 3):
        assert await learn(storage, version) == {"err-1a": 1, "err-1b": 1, "err-s": 1}


async def test_where_nothing_but_the_version_is_new_nothing_is_decided_about_single_groups(
    storage: Storage,
) -> None:
    await report(storage, "a x", "b y")
    await learn(storage, 1)
    learner = Learner(storage, analysis=by_word(1), version=7)
    assert await learner.begin() == 0
    (decision,) = await all_decisions(storage)
    assert decision.content == {"version": 7, "fingerprints": {}, "variants": {}}
    assert await learn(storage, 1) == {"err-1a": 1, "err-1b": 1}


async def test_broken_off_in_between_it_ends_the_same(storage: Storage) -> None:
    await report(storage, "a x", "a y", "a y", "b z")
    await learn(storage, 1)
    expected = {"err-2x": 1, "err-1a": 2, "err-1b": 1}
    await Learner(storage, analysis=by_word(2), version=2).begin()
    assert await grouped(storage) == {"err-1a": 3, "err-1b": 1}  # until they are learned anew
    await storage.learn([], Learning(0, 1))  # as if it ended before that was noted
    assert await learn(storage, 2) == expected
    assert len(await all_decisions(storage)) == 1
    assert await storage.memberships(["none"], ALL) == {}
