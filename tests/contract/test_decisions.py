"""What is decided about errors is kept as patterns are, and says which group an error is of."""

from typing import Any

import pytest

from app.schemas.filters import Filters
from app.storage.base import Storage
from app.storage.learned import Decision, Proposal
from tests.contract.conftest import Store
from tests.contract.learned import ALL, decide, error, grouped, report
from tests.contract.reading import delete, findings
from tests.records import NOON

IN_X = Filters(projects=("x",))


async def everything(storage: Storage, filters: Filters = ALL) -> list[Decision]:
    return await storage.decisions(filters, after=0, limit=100)


async def test_a_decision_is_numbered_and_tells_after_which_change_it_was_made(
    store: Store,
) -> None:
    storage = await store.open()
    await storage.insert(error("a"))
    proposal = Proposal("merge", {"group_id": "err-b", "into": "err-a"}, ("x", "ü"), "key")
    made, is_new = await storage.decide(proposal, NOON)
    assert is_new
    assert made == Decision(1, NOON, 1, "merge", proposal.content, ("x", "ü"), "key")
    assert await decide(storage, "undo", decision=1) == 2
    expected = await everything(storage)
    assert expected[0] == made
    storage = await store.reopen()
    assert await everything(storage) == expected
    assert await storage.decision(1, ALL) == made
    assert await storage.decision(3, ALL) is None


async def test_of_several_under_one_key_the_first_is_made(storage: Storage) -> None:
    content: dict[str, Any] = {"group_id": "err-a", "resolution": "r", "worked": True}
    first, was_new = await storage.decide(Proposal("outcome", content, key="k"), NOON)
    other = content | {"worked": False}
    assert await storage.decide(Proposal("outcome", other, key="k"), NOON + 1) == (first, False)
    assert was_new
    assert await everything(storage) == [first]
    await decide(storage, "outcome", **content)
    await decide(storage, "outcome", **content)
    assert len(await everything(storage)) == 3


async def test_decisions_are_read_in_steps_and_those_of_other_projects_left_out(
    storage: Storage,
) -> None:
    for number, projects in enumerate([(), ("x",), ("y",), ("x", "y"), ("x",)]):
        await decide(storage, "merge", *projects, group_id=f"err-{number}", into="err-a")
    assert [each.number for each in await storage.decisions(ALL, after=1, limit=2)] == [2, 3]
    assert [each.number for each in await everything(storage, IN_X)] == [2, 5]
    assert await storage.decision(1, IN_X) is None
    assert await storage.decision(3, IN_X) is None
    both = Filters(projects=("x", "y"))
    assert [each.number for each in await everything(storage, both)] == [2, 3, 4, 5]
    assert await everything(storage, Filters(project_name="y", projects=("x",))) == []


async def test_a_merged_group_goes_into_the_other_from_now_on(storage: Storage) -> None:
    await report(storage, "1", "a1")
    await report(storage, "2", "b1")
    assert await grouped(storage) == {"err-a": 1, "err-b": 1}
    await decide(storage, "merge", group_id="err-a", into="err-b")
    assert await grouped(storage) == {"err-b": 2}
    await report(storage, "3", "a2")
    assert await grouped(storage) == {"err-b": 3}
    assert await storage.current_group("err-a", ALL) == "err-b"


async def test_what_is_split_off_stays_apart_and_so_does_what_comes_of_it(
    storage: Storage,
) -> None:
    for name, variant in (("1", "a1"), ("2", "a2"), ("3", "a3")):
        await report(storage, name, variant)
    await decide(storage, "split", group_id="err-a", new_group_id="err-s", variants=["a2", "a3"])
    assert await grouped(storage) == {"err-a": 1, "err-s": 2}
    await report(storage, "4", "a2")
    await report(storage, "5", "a4")
    assert await grouped(storage) == {"err-a": 2, "err-s": 3}


async def test_undoing_restores_what_was_and_leaves_later_decisions(storage: Storage) -> None:
    for name, variant in (("1", "a1"), ("2", "a2"), ("3", "b1"), ("4", "c1")):
        await report(storage, name, variant)
    merge = await decide(storage, "merge", group_id="err-a", into="err-b")
    await decide(storage, "merge", group_id="err-b", into="err-c")
    split = await decide(
        storage, "split", group_id="err-c", new_group_id="err-s", variants=["a2", "c1"]
    )
    assert await grouped(storage) == {"err-c": 2, "err-s": 2}
    undone = await decide(storage, "undo", decision=merge)
    assert await grouped(storage) == {"err-a": 1, "err-c": 1, "err-s": 2}
    await decide(storage, "undo", decision=split)
    assert await grouped(storage) == {"err-a": 2, "err-c": 2}
    await decide(storage, "undo", decision=undone)
    assert await grouped(storage) == {"err-c": 4}


async def test_groups_merged_in_a_circle_by_what_is_undone_and_done_again_stay_one(
    storage: Storage,
) -> None:
    await report(storage, "1", "a1")
    await report(storage, "2", "b1")
    first = await decide(storage, "merge", group_id="err-a", into="err-b")
    undone = await decide(storage, "undo", decision=first)
    await decide(storage, "merge", group_id="err-b", into="err-a")
    assert await grouped(storage) == {"err-a": 2}
    await decide(storage, "undo", decision=undone)
    assert await grouped(storage) == {"err-b": 2}
    assert await findings(storage) == []


async def test_a_decision_of_some_projects_leaves_the_others_as_they_are(
    storage: Storage,
) -> None:
    for project in ("x", "y"):
        await report(storage, f"a{project}", "a1", project=project)
        await report(storage, f"b{project}", "b1", project=project)
    await decide(storage, "merge", "x", group_id="err-a", into="err-b")
    assert await grouped(storage, IN_X) == {"err-b": 2}
    assert await grouped(storage, Filters(projects=("y",))) == {"err-a": 1, "err-b": 1}
    assert await grouped(storage) == {"err-a": 1, "err-b": 3}
    assert await storage.current_group("err-a", IN_X) == "err-b"
    assert await storage.current_group("err-a", ALL) == "err-a"


async def test_what_another_version_finds_inherits_the_groups_there_are(
    storage: Storage,
) -> None:
    await report(storage, "1", "a1")
    await decide(storage, "split", group_id="err-a", new_group_id="err-s", variants=["a9"])
    variants = {"z9": "err-s", "z1": "err-of nobody"}
    await decide(storage, "inherit", fingerprints={"z": "err-a"}, variants=variants)
    for name, variant in (("2", "z1"), ("3", "z9")):
        await report(storage, name, variant)
    assert await grouped(storage) == {"err-a": 2, "err-s": 1}


@pytest.mark.parametrize("kind", ["merge", "split", "of the future"])
async def test_restored_decisions_have_their_numbers_and_their_effect(
    storage: Storage, kind: str
) -> None:
    await report(storage, "1", "a1")
    content = {"group_id": "err-a", "into": "err-b", "new_group_id": "err-b", "variants": ["a1"]}
    decision = Decision(7, NOON, 3, kind, content, (), "k")
    for _ in range(2):
        await storage.restore_decisions([decision])
    assert await everything(storage) == [decision]
    assert set(await grouped(storage)) == {"err-a" if kind == "of the future" else "err-b"}
    assert await decide(storage, "undo", decision=7) == 8
    assert await grouped(storage) == {"err-a": 1}
    assert await findings(storage) == []


async def test_a_deleted_error_leaves_its_group(storage: Storage) -> None:
    await report(storage, "1", "a1")
    await report(storage, "2", "a2")
    await delete(storage, "1")
    assert await grouped(storage) == {"err-a": 1}
    await delete(storage, "2")
    assert await grouped(storage) == {}
    assert await findings(storage) == []
