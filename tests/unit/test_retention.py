"""How long patterns are kept: the policy, and a run of it over a real store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.schemas.fields import PatternType
from app.schemas.records import Record
from app.schemas.timestamps import DAY, format_timestamp
from app.service.retention import (
    STEP,
    RetentionPolicy,
    cutoff,
    expire,
    plan_by_hand,
    plan_by_policy,
)
from app.storage.base import Storage
from app.storage.registry import StorageOptions, storage_from
from tests.contract.reading import paged_ids
from tests.records import NOON, record

ERROR, TASK = PatternType.ERROR_OCCURRENCE, PatternType.TASK_COMPLETION


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    """An open store with nothing in it yet."""
    options = StorageOptions(synchronous="normal", readers=1)
    opened = storage_from(f"sqlite:///{tmp_path}/patterns.db", options)
    await opened.open()
    yield opened
    await opened.close()


def aged(name: str, days: float, pattern_type: str = TASK) -> Record:
    """A pattern that happened, and was received, so many days ago."""
    time = NOON - round(days * DAY)
    return record(name, pattern_type, timestamp=format_timestamp(time), at=time)


def test_patterns_are_kept_for_90_days_and_for_a_week_whatever_their_age() -> None:
    expiry = RetentionPolicy().expiry(NOON)
    assert expiry.cutoffs == dict.fromkeys(PatternType, NOON - 90 * DAY)
    assert expiry.received_before == NOON - 7 * DAY


def test_a_type_may_have_days_of_its_own() -> None:
    policy = RetentionPolicy(days=10, days_by_type={ERROR: 365}, grace_days=0)
    expiry = policy.expiry(NOON)
    assert (policy.days_for(ERROR), policy.days_for(TASK)) == (365, 10)
    assert expiry.cutoffs[ERROR] == NOON - 365 * DAY
    assert expiry.cutoffs[TASK] == NOON - 10 * DAY
    assert expiry.received_before == NOON


def test_no_days_mean_for_ever() -> None:
    policy = RetentionPolicy(days=0, days_by_type={ERROR: 1})
    beginning_of_time = -62_135_596_800_000_000
    assert cutoff(NOON, 0) < beginning_of_time
    assert policy.cutoffs(NOON)[TASK] < beginning_of_time
    assert policy.cutoffs(NOON)[ERROR] == NOON - DAY


async def test_a_run_deletes_what_has_expired_and_tells_how_much(storage: Storage) -> None:
    await storage.insert_many(
        [aged("old", 91), aged("old-error", 91, ERROR), aged("oldest", 92), aged("new", 89)]
    )
    report = await expire(
        storage, await plan_by_policy(storage, RetentionPolicy(), NOON), dry_run=False
    )
    assert await paged_ids(storage) == ["new"]
    assert (report.dry_run, report.patterns) == (False, 3)
    assert report.by_type == {"task_completion": 2, "error_occurrence": 1}
    assert report.by_day == {"2025-10-15": 1, "2025-10-16": 2}
    assert report.bytes_after == storage.stored_bytes()


async def test_a_dry_run_tells_the_same_and_deletes_nothing(storage: Storage) -> None:
    await storage.insert_many([aged("old", 91), aged("new", 89)])
    size = storage.stored_bytes()
    report = await expire(
        storage, await plan_by_policy(storage, RetentionPolicy(), NOON), dry_run=True
    )
    assert (report.dry_run, report.patterns, report.by_type) == (True, 1, {"task_completion": 1})
    assert (report.bytes_before, report.bytes_after) == (size, size)
    assert await paged_ids(storage) == ["new", "old"]


async def test_a_run_with_nothing_to_do_does_nothing(storage: Storage) -> None:
    await storage.insert(aged("new", 1))
    report = await expire(
        storage, await plan_by_policy(storage, RetentionPolicy(), NOON), dry_run=False
    )
    assert (report.patterns, report.by_type, report.by_day) == (0, {}, {})
    assert await paged_ids(storage) == ["new"]


async def test_imported_history_stays_for_its_grace_and_goes_after_it(storage: Storage) -> None:
    old = format_timestamp(NOON - 400 * DAY)
    await storage.insert(record("imported", timestamp=old, at=NOON))
    policy = RetentionPolicy()
    for days, left in ((0, ["imported"]), (7, ["imported"]), (7.1, [])):
        later = NOON + round(days * DAY)
        await expire(storage, await plan_by_policy(storage, policy, later), dry_run=False)
        assert await paged_ids(storage) == left


async def test_a_run_by_hand_has_no_grace_and_holds_for_every_type(storage: Storage) -> None:
    old = format_timestamp(NOON - 10 * DAY)
    await storage.insert_many(
        [record("a", timestamp=old, at=NOON), record("b", ERROR, timestamp=old, at=NOON)]
    )
    for days, number in ((10, 0), (9, 2)):
        report = await expire(storage, await plan_by_hand(storage, NOON, days), dry_run=False)
        assert report.patterns == number


async def test_progress_is_told_after_each_of_the_small_steps(storage: Storage) -> None:
    number = 2 * STEP + 1
    await storage.insert_many([aged(f"p{index}", 100) for index in range(number)])
    told: list[tuple[int, int]] = []
    report = await expire(
        storage,
        await plan_by_policy(storage, RetentionPolicy(), NOON),
        dry_run=False,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert report.patterns == number
    assert told == [(STEP, number), (2 * STEP, number), (number, number)]
