"""The oldest patterns, as many as there are too many of."""

from app.schemas.records import Record
from app.schemas.timestamps import DAY, day_of, format_timestamp
from app.storage.base import Storage, Tally
from tests.records import NOON, record


def of(days: float, pattern_id: str, pattern_type: str = "task_completion") -> Record:
    """A pattern received when it happened, some days ago."""
    at = NOON - round(days * DAY)
    return record(pattern_id, pattern_type, timestamp=format_timestamp(at), at=at)


async def oldest(
    storage: Storage, patterns: int = 0, size: int = 0, before: int = NOON + DAY, *besides: int
) -> list[int]:
    _, seqs = await storage.oldest(
        patterns=patterns, size=size, received_before=before, besides=frozenset(besides)
    )
    return list(seqs)


async def test_the_oldest_come_first_whatever_the_order_they_came_in(storage: Storage) -> None:
    await storage.insert_many([of(1, "a"), of(9, "b"), of(5, "c"), of(3000, "d")])
    assert await oldest(storage, 3) == [4, 2, 3]
    assert await oldest(storage, 9) == [4, 2, 3, 1]
    assert await oldest(storage) == []


async def test_as_many_as_it_takes_to_free_so_many_bytes(storage: Storage) -> None:
    new = [of(5, "a"), of(4, "b"), of(3, "c")]
    await storage.insert_many(new)
    first, second, third = [len(each.document) for each in new]
    assert await oldest(storage, size=first) == [1]
    assert await oldest(storage, size=first + 1) == [1, 2]
    assert await oldest(storage, 1, first + second + third) == [1, 2, 3]
    assert await oldest(storage, 2, 1) == [1, 2]


async def test_what_was_received_late_or_goes_anyway_is_passed_over(storage: Storage) -> None:
    await storage.insert_many(
        [record("a", timestamp="2001-01-01", at=NOON), of(9, "b"), of(8, "c"), of(7, "d")]
    )
    assert await oldest(storage, 2, 0, NOON - 7 * DAY, 2) == [3]
    assert await oldest(storage, 2, 0, NOON + 1, 2) == [1, 3]


async def test_a_timestamp_far_ahead_ages_by_its_receipt(storage: Storage) -> None:
    ahead = format_timestamp(NOON + 900 * DAY)
    await storage.insert_many(
        [of(5, "a"), record("b", timestamp=ahead, at=NOON - 4 * DAY), of(3, "c")]
    )
    assert await oldest(storage, 3) == [1, 2, 3]
    await storage.insert(record("d", timestamp=ahead, at=NOON - 6 * DAY))
    assert await oldest(storage, 1) == [4]


async def test_tallies_say_of_which_day_and_type_they_are(storage: Storage) -> None:
    new = [of(5, "a"), of(5, "b"), of(5, "c", "agent_usage"), of(1, "d")]
    await storage.insert_many(new)
    tallies, _ = await storage.oldest(
        patterns=3, size=0, received_before=NOON + DAY, besides=frozenset()
    )
    sizes = [len(each.document) for each in new]
    assert tallies == [
        Tally(day_of(NOON) - 5, "agent_usage", 1, sizes[2]),
        Tally(day_of(NOON) - 5, "task_completion", 2, sizes[0] + sizes[1]),
    ]
