"""Groups of errors, as those of their occurrences that match tell of them."""

from typing import Any

import pytest

from app.schemas.filters import Filters, Order
from app.schemas.timestamps import DAY, day_of, format_timestamp, parse_timestamp
from app.schemas.words import parse_text_query
from app.storage.base import Storage
from app.storage.learned import Evidence, Group, GroupOrder, GroupStatus, Source
from tests.contract.learned import ALL, decide, error, learn, lesson, listed, report
from tests.contract.reading import delete, paged_ids
from tests.records import NOON, record

IN_X = Filters(projects=("x",))


def at(days: float) -> str:
    return format_timestamp(NOON + round(days * DAY))


async def ids(storage: Storage, filters: Filters = ALL, **options: Any) -> list[str]:
    return [group.group_id for group in await listed(storage, filters, **options)]


async def the_only(storage: Storage, filters: Filters = ALL) -> Group:
    (group,) = await listed(storage, filters)
    return group


async def test_a_group_tells_what_its_occurrences_add_up_to(storage: Storage) -> None:
    for name, variant, day, project, agent in (
        ("1", "a1", -2, "x", "one"),
        ("2", "a1", -2.1, "y", "two"),
        ("3", "a2", 0, "x", "one"),
        ("4", "a1", -1, None, None),
    ):
        data = {"error_type": f"Type{variant}"} | ({} if agent is None else {"agent": agent})
        await report(storage, name, variant, project=project, data=data, timestamp=at(day))
    assert await the_only(storage) == Group(
        "err-a",
        "title of a2",
        "Typea2",
        count=4,
        first_seen=parse_timestamp(at(-2.1)),
        last_seen=NOON,
        agents=["one", "two"],
        projects=["x", "y"],
        days=[(day_of(NOON) - 2, 2), (day_of(NOON) - 1, 1), (day_of(NOON), 1)],
        resolution_known=False,
        status=GroupStatus.OPEN,
    )


async def test_days_before_the_epoch_are_whole_days_too(storage: Storage) -> None:
    await report(storage, "1", "a1", timestamp="1969-12-31T00:00:00Z")
    await report(storage, "2", "a1", timestamp="1969-12-30T23:59:59.999999Z")
    assert (await the_only(storage)).days == [(-2, 1), (-1, 1)]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (Filters(pattern_types=("error_occurrence", "agent_usage")), 3),
        (Filters(pattern_types=("agent_usage",)), 0),
        (Filters(project_name="x"), 2),
        (Filters(projects=("x", "y")), 3),
        (Filters(tags=("t",)), 2),
        (Filters(any_tags=("t", "u")), 2),
        (Filters(start=NOON), 1),
        (Filters(end=NOON - 1), 2),
        (Filters(error_type="E"), 1),
        (Filters(pattern_ids=("1", "2")), 2),
        (Filters(phrases=parse_text_query("needle")), 1),
        (Filters(session_id="s"), 1),
    ],
)
async def test_a_group_is_counted_as_the_filters_say(
    storage: Storage, filters: Filters, count: int
) -> None:
    for name, day, data, context in (
        ("1", -1, {"error_type": "E"}, {"project_name": "x"}),
        ("2", -1, {"error_message": "a needle"}, {"project_name": "x", "tags": ["t", "u"]}),
        ("3", 0, {}, {"project_name": "y", "tags": ["t"], "session_id": "s"}),
    ):
        new = record(name, "error_occurrence", timestamp=at(day), data=data, context=context)
        await storage.insert(new)
    await learn(storage, *(lesson(seq, "a1") for seq in (1, 2, 3)))
    assert [group.count for group in await listed(storage, filters)] == ([count] if count else [])


async def test_groups_come_in_the_order_that_is_asked_for_and_in_pages(storage: Storage) -> None:
    for name, variant, day in (
        ("1", "a1", 0), ("2", "b1", -3), ("3", "b1", 1), ("4", "c1", -1), ("5", "c1", -2),
        ("6", "c2", -1), ("7", "d1", -1),
    ):  # fmt: skip
        await report(storage, name, variant, timestamp=at(day))
    orders = {
        GroupOrder.RECENT: ["err-b", "err-a", "err-d", "err-c"],
        GroupOrder.FREQUENT: ["err-c", "err-b", "err-d", "err-a"],
        GroupOrder.FIRST_SEEN: ["err-a", "err-d", "err-c", "err-b"],
    }
    for order, expected in orders.items():
        assert await ids(storage, order=order) == expected
        found: list[Group] = []
        for _ in expected:
            after = found[-1].position(order) if found else None
            page = await storage.groups(ALL, order=order, limit=1, after=after)
            found += page.groups
            assert page.more == (len(found) < len(expected))
        assert [group.group_id for group in found] == expected


async def test_the_occurrences_of_a_group_are_queried_and_counted_like_patterns(
    storage: Storage,
) -> None:
    for name, variant, project in (("1", "a1", "x"), ("2", "a2", "y"), ("3", "b1", "x")):
        await report(storage, name, variant, project=project, timestamp=at(-int(name)))
    group = Filters(group_id="err-a")
    assert await paged_ids(storage, group, limit=1) == ["1", "2"]
    assert await paged_ids(storage, group, order=Order.OLDEST) == ["2", "1"]
    assert await paged_ids(storage, Filters(group_id="err-a", project_name="y")) == ["2"]
    assert await paged_ids(storage, Filters(group_id="err-a", pattern_ids=("1", "3"))) == ["1"]
    assert (await storage.count(group)).by_type == {"error_occurrence": 2}
    assert await storage.matching(group) == [1, 2]


async def test_a_group_is_resolved_once_an_error_tells_of_a_way_out(storage: Storage) -> None:
    await report(storage, "1", "a1")
    assert (await the_only(storage)).status is GroupStatus.OPEN
    await report(storage, "2", "a2", "restart")
    group = await the_only(storage)
    assert (group.status, group.resolution_known) == (GroupStatus.RESOLVED, True)
    await delete(storage, "2")
    await report(storage, "3", "a1", auto_resolved=True)
    group = await the_only(storage)
    assert (group.status, group.resolution_known) == (GroupStatus.RESOLVED, False)


async def test_seen_again_without_a_way_out_it_has_regressed(storage: Storage) -> None:
    await report(storage, "1", "a1")
    await report(storage, "2", "a1", "restart")
    await report(storage, "3", "a2", at=NOON + 1)
    assert (await the_only(storage)).status is GroupStatus.REGRESSED
    await report(storage, "4", "a1", "wait", at=NOON + 2)
    assert (await the_only(storage)).status is GroupStatus.RESOLVED


async def test_editing_an_old_error_is_not_seeing_it_again(storage: Storage) -> None:
    seq = await report(storage, "1", "a1")
    await report(storage, "2", "a1", "restart", at=NOON + 1)
    await storage.update(error("1", data={"line_number": 3}), seq)
    await learn(storage, lesson(3, "a1"))
    assert (await the_only(storage)).status is GroupStatus.RESOLVED


async def test_a_report_that_a_resolution_worked_resolves_it_too(storage: Storage) -> None:
    await report(storage, "1", "a1", "restart")
    await report(storage, "2", "a1")
    content: dict[str, Any] = {"group_id": "err-a", "resolution": "restart"}
    await decide(storage, "outcome", **content, worked=False)
    await decide(storage, "outcome", **content | {"resolution": "unknown"}, worked=True)
    assert (await the_only(storage)).status is GroupStatus.REGRESSED
    worked = await decide(storage, "outcome", **content, worked=True)
    assert (await the_only(storage)).status is GroupStatus.RESOLVED
    await decide(storage, "undo", decision=worked)
    assert (await the_only(storage)).status is GroupStatus.REGRESSED


async def test_groups_of_one_status_are_found(storage: Storage) -> None:
    for name, variant, resolution in (
        ("1", "a1", None), ("2", "b1", "r"), ("3", "c1", "r"), ("4", "c1", None), ("5", "d1", None)
    ):  # fmt: skip
        await report(storage, name, variant, resolution, timestamp=at(int(name)))
    assert await ids(storage, status=GroupStatus.OPEN) == ["err-d", "err-a"]
    assert await ids(storage, status=GroupStatus.RESOLVED) == ["err-b"]
    assert await ids(storage, status=GroupStatus.REGRESSED) == ["err-c"]
    page = await storage.groups(ALL, order=GroupOrder.RECENT, limit=1, status=GroupStatus.OPEN)
    assert page.more


async def test_the_status_is_that_of_the_projects_whatever_else_is_asked_for(
    storage: Storage,
) -> None:
    await report(storage, "1", "a1", "r", project="x")
    await report(storage, "2", "a1", project="y", timestamp=at(1))
    assert (await the_only(storage)).status is GroupStatus.REGRESSED
    assert (await the_only(storage, Filters(start=NOON + 1))).status is GroupStatus.REGRESSED
    assert (await the_only(storage, IN_X)).status is GroupStatus.RESOLVED
    (group,) = await listed(storage, Filters(projects=("y",)))
    assert (group.status, group.resolution_known) == (GroupStatus.OPEN, False)


async def test_the_resolutions_of_groups_come_with_what_tells_for_and_against_them(
    storage: Storage,
) -> None:
    await report(storage, "1", "a1", "restart", timestamp=at(-2))
    await report(storage, "2", "a2", "restart", timestamp=at(-1), auto_resolved=True)
    await report(storage, "3", "a1", "wait", project="x")
    await report(storage, "4", "a1", auto_resolved=True)
    for worked in (True, False):
        content: dict[str, Any] = {"group_id": "err-a", "resolution": "restart", "worked": worked}
        await decide(storage, "outcome", "x", **content)
    first, second = await storage.resolutions(["err-a", "err-b"], ALL)
    assert (first.group_id, first.text, first.pattern_id) == ("err-a", "restart", "2")
    assert (first.occurrences, first.last_at) == (2, parse_timestamp(at(-1)))
    assert first.evidence == [
        Evidence(NOON, False, Source.OUTCOME),
        Evidence(NOON, True, Source.OUTCOME),
        Evidence(parse_timestamp(at(-1)), True, Source.AUTO_RESOLVED),
        Evidence(parse_timestamp(at(-2)), True, Source.CARRIED),
    ]
    assert (second.text, second.occurrences) == ("wait", 1)
    assert [each.text for each in await storage.resolutions(["err-a"], IN_X)] == ["wait"]


async def test_outcomes_follow_their_group_into_another(storage: Storage) -> None:
    await report(storage, "1", "a1", "restart")
    content: dict[str, Any] = {"group_id": "err-a", "resolution": "restart", "worked": True}
    await decide(storage, "outcome", **content)
    merge = await decide(storage, "merge", group_id="err-a", into="err-b")
    await decide(storage, "outcome", **content)
    (resolution,) = await storage.resolutions(["err-b"], ALL)
    assert len(resolution.evidence) == 3
    await decide(storage, "undo", decision=merge)
    (resolution,) = await storage.resolutions(["err-a"], ALL)
    assert len(resolution.evidence) == 3
