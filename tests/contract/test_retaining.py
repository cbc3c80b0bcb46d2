"""What fixed an error is not forgotten: retention spares the latest error that carries it."""

from collections.abc import Sequence

from app.storage.base import Expiry, Storage
from app.storage.learned import Learning
from tests.contract.learned import VERSION, decide, error, learn, lesson, report
from tests.contract.reading import delete, paged_ids
from tests.records import NOON, record

ALL_OF_THEM = Expiry({"error_occurrence": NOON + 1, "task_completion": NOON + 1}, NOON + 1)


async def expired(storage: Storage) -> Sequence[int]:
    tallies, seqs = await storage.expired(ALL_OF_THEM)
    assert await storage.tally_expired(ALL_OF_THEM) == tallies
    assert sum(tally.patterns for tally in tallies) == len(seqs)
    return seqs


async def oldest(storage: Storage) -> Sequence[int]:
    return (
        await storage.oldest(patterns=99, size=0, received_before=NOON + 1, besides=frozenset())
    )[1]


async def test_the_latest_error_with_each_resolution_of_a_group_never_expires(
    storage: Storage,
) -> None:
    for name, variant, resolution in (
        ("1", "a1", None),
        ("2", "a1", "restart"),
        ("3", "a2", "restart"),
        ("4", "a1", "wait"),
        ("5", "b1", "restart"),
        ("6", "c1", None),
    ):
        await report(storage, name, variant, resolution)
    await report(storage, "7", "d1", auto_resolved=True)
    assert await expired(storage) == await oldest(storage) == [1, 2, 6]


async def test_it_is_spared_in_each_project(storage: Storage) -> None:
    for name, project in (("1", "x"), ("2", "x"), ("3", "y")):
        await report(storage, name, "a1", "restart", project=project)
    assert await expired(storage) == await oldest(storage) == [1]


async def test_merging_groups_makes_one_exemplar_of_two(storage: Storage) -> None:
    await report(storage, "1", "a1", "restart")
    await report(storage, "2", "b1", "restart")
    assert await expired(storage) == []
    await decide(storage, "merge", group_id="err-a", into="err-b")
    assert await expired(storage) == [1]


async def test_once_errors_are_learned_none_expires_before_it_is(storage: Storage) -> None:
    await storage.insert_many([*map(error, "1234"), record("5")])
    assert await storage.delete_many([1], expiring=True) == 1
    await storage.learn([lesson(2, "a1")], Learning(2, VERSION))
    assert await storage.delete_many([2, 3, 4, 5], expiring=True) == 2
    assert sorted(await paged_ids(storage)) == ["3", "4"]
    await learn(storage)
    assert await storage.delete_many([3, 4], expiring=True) == 2


async def test_an_expiring_error_that_has_become_the_last_with_its_resolution_stays(
    storage: Storage,
) -> None:
    await report(storage, "1", "a1", "restart")
    await report(storage, "2", "a1", "restart")
    planned = await expired(storage)
    assert planned == [1]
    await delete(storage, "2")
    await storage.insert(error("3"))
    assert await storage.delete_many([*planned, 4], expiring=True) == 0
    assert await storage.delete_many(planned) == 1
    assert await paged_ids(storage) == ["3"]
