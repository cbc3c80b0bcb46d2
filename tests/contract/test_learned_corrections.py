"""What is learned of a correction is kept while it is as it was, and forgotten with it."""

from dataclasses import replace
from typing import Any

from app.schemas.records import Record
from app.storage.base import Storage
from app.storage.learned import LearnedCorrection
from tests.contract.conftest import Store
from tests.contract.reading import delete, findings, seq_of
from tests.records import NOON, record


def correction(pattern_id: str, **data: Any) -> Record:
    return record(pattern_id, "user_correction", data=data, context={"project_name": "x"})


def lesson(seq: int, pattern_id: str, hunks: bytes = b"changed") -> LearnedCorrection:
    """What was learned of a correction as `correction` makes it."""
    said = correction(pattern_id).content()["data"]
    agent, kind = said["agent"], said["correction_type"]
    return LearnedCorrection(seq, pattern_id, NOON, "x", agent, None, kind, None, hunks)


async def learn(storage: Storage, *learned: LearnedCorrection, version: int = 1) -> None:
    await storage.learn_corrections(learned, version)


async def known(storage: Storage, after: int = 0, limit: int = 10) -> list[LearnedCorrection]:
    return await storage.learned_corrections(after=after, limit=limit)


async def test_what_was_learned_and_by_what_is_known_when_the_store_is_opened_again(
    store: Store,
) -> None:
    storage = await store.open()
    assert await storage.corrections_learned_by() is None
    await storage.insert_many([correction("a"), record("b"), correction("c")])
    lessons = [lesson(1, "a"), lesson(3, "c", b"\0other\xff")]
    await learn(storage, *lessons)
    storage = await store.reopen()
    assert await storage.corrections_learned_by() == 1
    assert await storage.learning() is None, "that is of errors"
    assert await known(storage) == lessons
    assert await findings(storage) == []


async def test_it_comes_by_number_a_few_at_a_time(storage: Storage) -> None:
    names = ["a", "b", "c"]
    await storage.insert_many([correction(name) for name in names])
    lessons = [lesson(seq, name) for seq, name in enumerate(names, 1)]
    await learn(storage, *lessons[1:])
    await learn(storage, lessons[0])
    assert await known(storage, limit=2) == lessons[:2]
    assert await known(storage, after=2, limit=2) == lessons[2:]
    assert await known(storage, after=3) == []


async def test_it_says_what_the_correction_says(storage: Storage) -> None:
    told = correction("a", task_type="review", correction_category="naming")
    await storage.insert(told)
    await storage.learn_corrections(
        [LearnedCorrection(1, "", 0, "", "", "", "style", "naming", b"")], version=1
    )
    (found,) = await known(storage)
    assert (found.pattern_id, found.timestamp, found.project_name) == ("a", told.timestamp, "x")
    assert (found.agent, found.task_type) == (told.content()["data"]["agent"], "review")
    assert (found.correction_type, found.category) == ("style", "naming")


async def test_what_has_changed_or_gone_since_is_passed_over(storage: Storage) -> None:
    await storage.insert_many([correction(name) for name in "abc"])
    await storage.update(correction("b", user_feedback="other"), 2)
    await delete(storage, "c")
    await learn(storage, lesson(1, "a"), lesson(2, "b"), lesson(3, "c"), lesson(99, "d"))
    assert await known(storage) == [lesson(1, "a")]
    assert await findings(storage) == []


async def test_it_is_forgotten_with_the_state_it_was_learned_of(storage: Storage) -> None:
    await storage.insert_many([correction(name) for name in "abc"])
    await learn(storage, lesson(1, "a"), lesson(2, "b"), lesson(3, "c"))
    await storage.update(correction("b", user_feedback="other"), 2)
    await delete(storage, "c")
    assert await known(storage) == [lesson(1, "a")]
    await learn(storage, lesson(await seq_of(storage, "b"), "b"))
    assert [each.pattern_id for each in await known(storage)] == ["a", "b"]
    assert await findings(storage) == []


async def test_another_version_replaces_what_was_learned(storage: Storage) -> None:
    await storage.insert_many([correction("a"), correction("b")])
    await learn(storage, lesson(1, "a"), lesson(2, "b"))
    await learn(storage, lesson(1, "a", b"anew"), version=2)
    assert await known(storage) == [lesson(1, "a", b"anew")]
    assert await storage.corrections_learned_by() == 2


async def test_what_is_learned_again_replaces_what_was_learned(storage: Storage) -> None:
    await storage.insert_many([correction("a"), correction("b")])
    await learn(storage, lesson(1, "a"), lesson(2, "b"))
    again = replace(lesson(2, "b", b"anew"), correction_type="security", category="naming")
    await learn(storage, again)
    assert await known(storage) == [lesson(1, "a"), again]


async def test_the_numbers_of_all_corrections_are_told_learned_or_not(storage: Storage) -> None:
    assert [*await storage.correction_seqs()] == []
    await storage.insert_many([correction("a"), record("b"), correction("c"), correction("d")])
    await learn(storage, lesson(3, "c"))
    await storage.update(correction("a", user_feedback="other"), 1)
    await delete(storage, "d")
    assert [*await storage.correction_seqs()] == [3, await seq_of(storage, "a")]
