"""How often the first answer is right, and how far its confidence holds.

Figures that may rise, and must not fall unseen; `python -m tests.benchmarks resolve` prints them
all, beside those of other ways. The labelled traces of other languages were not looked at when
the parameters were chosen.
"""

from fractions import Fraction
from functools import cache

import pytest

from app.learning.confidence import Confidence
from app.learning.features import features_of
from app.learning.index import ErrorIndex, Exemplar
from tests.benchmarks.resolve import ranked, right_of, unknown_and_silent
from tests.benchmarks.resolve.index import Answered, ask_each
from tests.benchmarks.resolve.questions import (
    KnownError,
    first_is_right,
    known_errors,
    labelled_errors,
    mean_reciprocal_rank,
)
from tests.patterns import REAL_ERRORS, SAMPLE_ERRORS, errors_in

real_errors_only = pytest.mark.skipif(
    not REAL_ERRORS.exists(), reason="the real errors are not beside the checkout"
)


@cache
def answered(own_class: bool, with_project: bool) -> list[Answered]:
    errors = known_errors(errors_in(REAL_ERRORS), own_class=own_class)
    return ask_each(errors, with_project=with_project)


@cache
def answered_in_other_languages() -> list[Answered]:
    return ask_each(labelled_errors())


def share(part_and_whole: tuple[int, int]) -> Fraction:
    return Fraction(*part_and_whole)


@real_errors_only
@pytest.mark.parametrize(
    ("own_class", "with_project", "first", "mean"),
    [
        (True, True, 0.89, 0.92),
        (True, False, 0.89, 0.92),
        (False, True, 0.72, 0.75),
        (False, False, 0.64, 0.69),
    ],
)
def test_the_first_answer_is_mostly_right(
    own_class: bool, with_project: bool, first: float, mean: float
) -> None:
    found = ranked(answered(own_class, with_project))
    assert len(found) == 420
    assert first_is_right(found) >= first
    assert mean_reciprocal_rank(found) >= mean


@real_errors_only
@pytest.mark.parametrize("own_class", [True, False])
def test_nine_in_ten_answers_that_are_exact_or_likely_are_right(own_class: bool) -> None:
    right, all_of_them = right_of(answered(own_class, True), Confidence.EXACT, Confidence.LIKELY)
    assert all_of_them >= 240
    assert right / all_of_them >= 0.9
    assert share(right_of(answered(own_class, True), Confidence.EXACT)) >= 0.9


@real_errors_only
@pytest.mark.parametrize("own_class", [True, False])
def test_most_errors_nothing_is_known_of_get_no_answer(own_class: bool) -> None:
    assert share(unknown_and_silent(answered(own_class, True))) >= 0.93


def test_other_languages_are_answered_as_well() -> None:
    found = ranked(answered_in_other_languages())
    assert first_is_right(found) >= 0.95
    assert share(right_of(answered_in_other_languages(), *Confidence)) >= 0.95


def test_an_invented_error_that_comes_again_is_exact() -> None:
    errors = known_errors(errors_in(SAMPLE_ERRORS), own_class=True)
    features = [features_of(each.type, each.message, each.trace) for each in errors]
    index = ErrorIndex()
    for error, known in zip(errors, features, strict=True):
        index.add(Exemplar(error.key, error.key, known.to_bytes()))
    first = [index.nearest(asked, 1)[0].agreement for asked in features]
    assert {agreement.confidence for agreement in first} == {Confidence.EXACT}


def test_a_frame_of_the_tests_own_class_is_left_out_where_that_is_measured() -> None:
    pattern = {
        "pattern_id": "p",
        "data": {
            "error_type": "E",
            "error_message": "m",
            "stack_trace": "E: m\n\tat a.B.c(B.java:1)\n\tat a.BTest.t(B.java:2)"
            "\n\tat a.BTest$1.u(B.java:3)\n\tat a.BTests.v(B.java:4)",
        },
        "context": {"project_name": "A", "metadata": {"bug": "A-1", "test": "a.BTest::t"}},
    }
    error: KnownError = known_errors([pattern], own_class=False)[0]
    assert error.trace == "E: m\n\tat a.B.c(B.java:1)\n\tat a.BTests.v(B.java:4)"
