"""What reports of outcomes are worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.learning.evidence import HALF_LIFE_DAYS, Outcome, evidence_of, lower_bound

NUMBERS = st.integers(0, 60)
AGES = st.floats(0, 5000, allow_nan=False)


def score(worked: int = 0, failed: int = 0, age: float = 0.0) -> float:
    outcomes = [Outcome(True, age)] * worked + [Outcome(False, age)] * failed
    return evidence_of(outcomes).score


def test_one_of_one_does_not_beat_48_of_50() -> None:
    assert score(worked=1) < score(worked=48, failed=2)


def test_without_reports_the_score_is_between_that_of_a_success_and_a_failure() -> None:
    assert score(failed=1) < score() < score(worked=1)


def test_many_failures_leave_next_to_nothing() -> None:
    assert score(failed=50) < 0.02


def test_recent_outcomes_weigh_more_than_old_ones() -> None:
    worked_then = [Outcome(True, 400.0)] * 5 + [Outcome(False, 1.0)] * 5
    works_now = [Outcome(False, 400.0)] * 5 + [Outcome(True, 1.0)] * 5
    assert evidence_of(worked_then).score < evidence_of(works_now).score


def test_a_report_counts_half_after_the_half_life() -> None:
    found = evidence_of([Outcome(True, HALF_LIFE_DAYS), Outcome(False, 2 * HALF_LIFE_DAYS)])
    assert (found.worked, found.failed) == pytest.approx((0.5, 0.25))


def test_a_report_of_the_future_counts_as_one_of_now() -> None:
    assert score(worked=3, age=-1000.0) == score(worked=3)


def test_the_bound_is_wilsons() -> None:
    """Of 8 in 10, with 95 percent of the normal distribution: 0.490 to 0.943."""
    assert lower_bound(8, 2, deviations=1.96) == pytest.approx(0.490, abs=5e-4)
    assert 1 - lower_bound(2, 8, deviations=1.96) == pytest.approx(0.943, abs=5e-4)


@given(NUMBERS, NUMBERS, AGES)
def test_a_success_raises_the_score_and_a_failure_lowers_it(
    worked: int, failed: int, age: float
) -> None:
    before = score(worked, failed, age)
    assert 0 <= score(worked, failed + 1, age) <= before <= score(worked + 1, failed, age) <= 1


@given(st.lists(st.builds(Outcome, st.booleans(), AGES), max_size=20))
def test_the_order_of_reports_does_not_matter(outcomes: list[Outcome]) -> None:
    turned = evidence_of(reversed(outcomes))
    assert evidence_of(outcomes).score == pytest.approx(turned.score)
