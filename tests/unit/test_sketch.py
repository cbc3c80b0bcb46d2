"""Durations counted in buckets: quantiles within one percent, and sums that lose nothing."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schemas.records import LARGEST_DURATION
from app.storage.index.sketch import add_packed, buckets_of, pack, percentile
from tests.durations import exact_percentile

LIMITS = st.integers(0, LARGEST_DURATION) | st.integers(0, 20_000) | st.sampled_from([0, 99, 100])
DURATIONS = st.lists(LIMITS, min_size=1, max_size=60)
PERCENT = st.integers(1, 100)


@given(DURATIONS, PERCENT)
def test_a_percentile_is_within_one_percent_of_the_exact_one(
    durations: list[int], percent: int
) -> None:
    exact = exact_percentile(durations, percent)
    assert abs(percentile(buckets_of(durations), percent) - exact) * 100 <= exact


def test_up_to_99_milliseconds_it_is_exact() -> None:
    for duration in range(100):
        assert percentile(buckets_of([duration]), 50) == duration


@pytest.mark.parametrize("base", [2**31, 2**53, 2**62, LARGEST_DURATION])
def test_large_numbers_lose_nothing_to_rounding(base: int) -> None:
    for duration in range(base - 500, min(base + 500, LARGEST_DURATION) + 1):
        assert abs(percentile(buckets_of([duration]), 50) - duration) * 100 <= duration


@given(st.lists(DURATIONS, min_size=1, max_size=5))
def test_packed_buckets_add_up_to_those_of_all(parts: list[list[int]]) -> None:
    total: Counter[int] = Counter()
    for part in parts:
        add_packed(total, pack(buckets_of(part)))
    assert total == buckets_of([duration for part in parts for duration in part])


@pytest.mark.parametrize("count", [1, 255, 256, 2**16 - 1, 2**16, 2**32 - 1, 2**32, 2**60])
def test_counts_of_any_size_are_packed(count: int) -> None:
    total: Counter[int] = Counter({7: 1})
    add_packed(total, pack({7: count, 300: 1}))
    assert total == {7: count + 1, 300: 1}


def test_no_duration_takes_a_byte() -> None:
    total: Counter[int] = Counter()
    add_packed(total, pack({}))
    assert (len(pack({})), total) == (1, {})


@given(DURATIONS)
def test_a_bucket_takes_a_few_bytes(durations: list[int]) -> None:
    assert len(pack(buckets_of(durations))) <= 1 + 3 * len(set(durations))
