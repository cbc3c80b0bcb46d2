"""What has expired: by timestamp, or by receipt where the timestamp lay ahead."""

from collections.abc import Sequence

import pytest

from app.schemas.records import Record
from app.schemas.timestamps import DAY, day_of, format_timestamp
from app.storage.base import Expiry, Storage, Tally
from tests.contract.reading import paged_ids
from tests.records import NOON, record

TYPE = "task_completion"
CUTOFF = NOON - 90 * DAY
GRACE = NOON - 7 * DAY


def happened(at: int, pattern_id: str, pattern_type: str = TYPE) -> Record:
    """A pattern received when it happened."""
    return record(pattern_id, pattern_type, timestamp=format_timestamp(at), at=at)


async def expired(
    storage: Storage, expiry: Expiry, projects: Sequence[str] = ()
) -> tuple[list[Tally], list[int]]:
    """What has expired; its tallies are the same where they alone are asked for."""
    tallies, seqs = await storage.expired(expiry, projects)
    assert await storage.tally_expired(expiry, projects) == tallies
    assert sum(tally.patterns for tally in tallies) == len(seqs)
    return tallies, [*seqs]


async def has_expired(storage: Storage, *, timestamp: int, received: int) -> bool:
    """Whether a pattern of a time, received at another, has expired under the usual rules."""
    await storage.insert(record("a", timestamp=format_timestamp(timestamp), at=received))
    _, seqs = await expired(storage, Expiry({TYPE: CUTOFF}, received_before=GRACE))
    return seqs == [1]


@pytest.mark.parametrize(
    ("timestamp", "received", "expected"),
    [
        (CUTOFF - 1, CUTOFF, True),
        (CUTOFF, CUTOFF, False),
        (CUTOFF - 1, GRACE - 1, True),
        (CUTOFF - 1, GRACE, False),
        (CUTOFF - 1, NOON, False),
        (NOON, NOON, False),
    ],
    ids=[
        "older than the cutoff",
        "as old as the cutoff",
        "old, and received just before the grace",
        "old, but received as the grace began",
        "old, but received now",
        "new",
    ],
)
async def test_a_pattern_expires_when_it_is_older_than_its_cutoff_and_was_received_before_the_grace(
    storage: Storage, timestamp: int, received: int, expected: bool
) -> None:
    assert await has_expired(storage, timestamp=timestamp, received=received) is expected


@pytest.mark.parametrize(
    ("timestamp", "received", "expected"),
    [
        (NOON + 900 * DAY, CUTOFF - 1, True),
        (NOON + 900 * DAY, CUTOFF, False),
        (CUTOFF + DAY, CUTOFF - 1, True),
        (CUTOFF + DAY - 1, CUTOFF - 1, False),
        (NOON, CUTOFF - 1, True),
    ],
    ids=[
        "years ahead, received before the cutoff",
        "years ahead, received at the cutoff",
        "a microsecond more than a day ahead",
        "exactly a day ahead",
        "ahead when it came in, though no longer",
    ],
)
async def test_a_timestamp_more_than_a_day_ahead_of_its_receipt_ages_by_the_receipt(
    storage: Storage, timestamp: int, received: int, expected: bool
) -> None:
    assert await has_expired(storage, timestamp=timestamp, received=received) is expected


async def test_what_lay_ahead_has_its_grace_too(storage: Storage) -> None:
    ahead = format_timestamp(NOON + 900 * DAY)
    await storage.insert_many(
        [
            record("a", timestamp=ahead, at=GRACE - 1),
            record("b", timestamp=ahead, at=GRACE),
        ]
    )
    assert (await expired(storage, Expiry({TYPE: NOON}, GRACE)))[1] == [1]


async def test_each_type_has_a_cutoff_of_its_own_and_one_without_any_never_expires(
    storage: Storage,
) -> None:
    types = ["task_completion", "error_occurrence", "agent_usage"]
    for days in (10, 100):
        await storage.insert_many(
            [happened(NOON - days * DAY, f"{name}-{days}", name) for name in types]
        )
    cutoffs = {"task_completion": NOON - 5 * DAY, "error_occurrence": NOON - 50 * DAY}
    _, seqs = await expired(storage, Expiry(cutoffs, received_before=NOON))
    assert await storage.delete_many(seqs) == 3
    assert await paged_ids(storage) == ["error_occurrence-10", "agent_usage-10", "agent_usage-100"]


async def test_tallies_say_how_many_of_which_type_and_day_and_how_large(storage: Storage) -> None:
    monday, tuesday = NOON - 200 * DAY, NOON - 199 * DAY
    old = [
        happened(monday, "a"),
        happened(monday + 1, "b"),
        happened(monday, "c", "agent_usage"),
        happened(tuesday, "d"),
    ]
    await storage.insert_many([*old, happened(NOON, "new")])
    sizes = [len(stored.document) for stored in old]
    tallies, seqs = await expired(storage, Expiry({TYPE: CUTOFF, "agent_usage": CUTOFF}, NOON))
    assert seqs == [1, 2, 3, 4]
    assert tallies == [
        Tally(day_of(monday), "agent_usage", 1, sizes[2]),
        Tally(day_of(monday), TYPE, 2, sizes[0] + sizes[1]),
        Tally(day_of(tuesday), TYPE, 1, sizes[3]),
    ]


async def test_what_has_expired_can_be_deleted_by_its_numbers(storage: Storage) -> None:
    await storage.insert_many([happened(NOON - days * DAY, f"p{days}") for days in range(9)])
    expiry = Expiry({TYPE: NOON - 3 * DAY}, received_before=NOON)
    _, seqs = await expired(storage, expiry)
    assert await storage.delete_many(seqs) == 5
    assert await expired(storage, expiry) == ([], [])


async def test_what_has_expired_in_some_projects_is_told_apart(storage: Storage) -> None:
    long_ago, ahead = format_timestamp(CUTOFF - 1), format_timestamp(NOON + 9 * DAY)
    for number, time in enumerate((long_ago, ahead)):
        for name in ("x", "y", "z"):
            context = {"project_name": name}
            old = record(f"{name}{number}", timestamp=time, at=CUTOFF - 1, context=context)
            await storage.insert(old)
    expiry = Expiry({TYPE: CUTOFF}, received_before=GRACE)
    assert (await expired(storage, expiry, ["x", "z"]))[1] == [1, 3, 4, 6]
    assert (await expired(storage, expiry))[1] == [1, 2, 3, 4, 5, 6]


async def test_days_before_1970_are_days_as_well(storage: Storage) -> None:
    last = [happened(at, f"p{at}") for at in (-1, -DAY, -DAY - 1, 0)]
    await storage.insert_many(last)
    tallies, _ = await expired(storage, Expiry({TYPE: CUTOFF}, received_before=GRACE))
    assert [(tally.day, tally.patterns) for tally in tallies] == [(-2, 1), (-1, 2), (0, 1)]
