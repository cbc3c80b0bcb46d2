"""How well errors are grouped: figures that may rise, and must not fall unseen.

`python -m tests.benchmarks grouping` prints them all.
"""

import pytest

from app.learning.fingerprint import fingerprint_of
from app.learning.trace import parse_trace
from tests.pairs import PairCounts, pair_counts
from tests.patterns import REAL_ERRORS, errors_in
from tests.traces import labelled

LANGUAGES = ("python", "javascript", "go", "rust", "csharp", "ruby", "php", "kotlin")


def _labelled_pairs(*languages: str) -> PairCounts:
    errors = [error for error in labelled() if error.language in languages]
    groups = [fingerprint_of(*error[2:]).group for error in errors]
    return pair_counts([error.group for error in errors], groups)


@pytest.mark.parametrize("language", LANGUAGES)
def test_errors_of_each_language_are_hardly_ever_merged_wrongly(language: str) -> None:
    found = _labelled_pairs(language)
    assert found.precision >= 0.99
    assert found.recall >= 0.95


def test_all_languages_together_are_grouped_as_labelled() -> None:
    assert len(labelled()) >= 300
    found = _labelled_pairs(*LANGUAGES)
    assert found.precision >= 0.99
    assert found.f_score() >= 0.98


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_told_by_the_trace(language: str) -> None:
    meant = "java" if language == "kotlin" else language
    traces = [error.stack_trace for error in labelled() if error.language == language]
    assert {parse_trace(trace).language for trace in traces} == {meant}


@pytest.mark.skipif(not REAL_ERRORS.exists(), reason="the real errors are not beside the checkout")
def test_real_errors_are_hardly_ever_merged_wrongly() -> None:
    errors = errors_in(REAL_ERRORS)
    data = [error["data"] for error in errors]
    groups = [
        fingerprint_of(each["error_type"], each["error_message"], each["stack_trace"]).group
        for each in data
    ]
    found = pair_counts([error["context"]["metadata"]["bug"] for error in errors], groups)
    assert found.precision >= 0.97
    assert found.recall >= 0.48
    assert found.f_score(0.5) >= 0.81


def test_pairs_are_counted() -> None:
    found = pair_counts(["a", "a", "a", "b", "b"], [1, 1, 2, 2, 2])
    assert found == PairCounts(labelled=4, grouped=4, both=2)
    assert found.precision == found.recall == found.f_score() == 0.5
