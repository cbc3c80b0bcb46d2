"""What is learned of an error is kept while it is as it was, and forgotten with it."""

from app.schemas.filters import Filters
from app.storage.base import Storage
from app.storage.learned import Learning, Membership, VariantName
from tests.contract.conftest import Store
from tests.contract.learned import (
    ALL,
    VERSION,
    error,
    grouped,
    learn,
    lesson,
    listed,
    named,
    report,
)
from tests.contract.reading import delete, findings, seq_of
from tests.records import record

IN_X = Filters(projects=("x",))


async def test_how_far_a_store_is_learned_is_known_when_it_is_opened_again(store: Store) -> None:
    storage = await store.open()
    assert await storage.learning() is None
    await report(storage, "1", "a1")
    storage = await store.reopen()
    assert await storage.learning() == Learning(1, VERSION)
    assert await grouped(storage) == {"err-a": 1}


async def test_variants_come_with_their_features_and_their_group(storage: Storage) -> None:
    await report(storage, "1", "a1", project="x")
    await report(storage, "2", "b1")
    await report(storage, "3", "b1")
    first, second = await storage.variants(after=0, limit=5)
    assert (first.name, first.group_id, first.features) == (("x", "a1"), "err-a", b"a1")
    assert (second.name, second.fingerprint, second.title) == (("", "b1"), "b", "title of b1")
    assert await storage.variants(after=first.number, limit=1) == [second]
    names = [first.name, *named("b1", "c1")]
    assert {each.number for each in await storage.find_variants(names, ALL)} == {1, 2}
    assert await storage.find_variants(names, IN_X) == [first]
    assert await storage.group_variants("err-b", ALL) == [second]
    assert await storage.group_variants("err-b", IN_X) == []


async def test_what_has_changed_or_gone_since_is_passed_over(storage: Storage) -> None:
    await storage.insert_many([error("1"), error("2"), error("3")])
    await storage.update(error("2", data={"resolution": "r"}), 2)
    await delete(storage, "3")
    await learn(storage, *(lesson(seq, f"a{seq}") for seq in (1, 2, 3, 99)))
    assert await grouped(storage) == {"err-a": 1}
    assert await findings(storage) == []


async def test_a_changed_error_stays_in_its_group_until_it_is_learned_anew(
    storage: Storage,
) -> None:
    seq = await report(storage, "1", "a1", project="x")
    await storage.update(error("1", "x", data={"error_message": "other"}), seq)
    assert await grouped(storage) == {"err-a": 1}
    assert await learn(storage, lesson(2, "b1")) == {"a1"}
    assert await grouped(storage) == {"err-b": 1}
    await storage.update(error("1", "y"), 2)
    assert await grouped(storage) == {}
    assert await learn(storage) == {"b1"}


async def test_variants_that_no_longer_occur_are_told_once(storage: Storage) -> None:
    for name, variant in (("1", "a1"), ("2", "a1"), ("3", "a2")):
        await report(storage, name, variant)
    await delete(storage, "1", "3")
    assert await learn(storage) == {"a2"}
    await delete(storage, "2")
    await storage.insert(error("4"))
    assert await learn(storage, lesson(await seq_of(storage, "4"), "a1")) == set()
    assert [each.name for each in await storage.variants(after=0, limit=9)] == named("a1")
    assert await findings(storage) == []


async def test_another_version_replaces_what_was_learned(storage: Storage) -> None:
    seq = await report(storage, "1", "a1")
    changed = lesson(seq, "a1", version=2, features=b"new", title="new")
    assert await learn(storage, changed, version=2) == set()
    (found,) = await storage.variants(after=0, limit=9)
    assert (found.version, found.features, found.title) == (2, b"new", "new")
    assert await storage.learning() == Learning(seq, 2)


async def test_where_single_errors_belong_is_told(storage: Storage) -> None:
    await report(storage, "1", "a1", project="x")
    await report(storage, "2", "b1")
    await storage.insert_many([error("3"), record("4")])
    names = ["1", "2", "3", "4", "5"]
    found = await storage.memberships(names, ALL)
    assert found == {"1": Membership("a1", "err-a"), "2": Membership("b1", "err-b")}
    assert await storage.memberships(names, IN_X) == {"1": Membership("a1", "err-a")}


async def test_the_same_variant_of_two_projects_is_two(storage: Storage) -> None:
    await report(storage, "1", "a1", project="x")
    await report(storage, "2", "a1", project="y")
    await delete(storage, "1")
    assert await storage.learn([], Learning(3, VERSION)) == [VariantName("x", "a1")]
    assert [group.projects for group in await listed(storage)] == [["y"]]


async def test_a_commit_is_waited_for(storage: Storage) -> None:
    before = await storage.next_commit(-1)
    await storage.insert(error("1"))
    after = await storage.next_commit(before)
    assert after > before
    await delete(storage, "1")
    assert await storage.next_commit(after) > after
