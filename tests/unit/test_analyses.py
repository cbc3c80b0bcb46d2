"""What is found out of errors, once."""

from itertools import product

import pytest

from app.learning.fingerprint import Fingerprint
from app.service import analyses
from app.service.analyses import Analyses, fingerprint_only
from app.service.known_errors import analysis
from tests.patterns import SAMPLE_ERRORS, errors_in
from tests.traces import labelled

Asked = tuple[str, str, str | None, str]

ALIKE: list[Asked] = [
    (error_type, message, trace, project)
    for error_type, message, trace, project in product(
        ("KeyError", "KeyErro", "KeyError0 "),
        ("fee", "r0 fee", "\ud800"),
        (None, "", "fee"),
        ("", "checkout"),
    )
]
"""Which differ, but not by much if their parts ran over into each other."""


class Counted:
    """The analysis, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def __call__(
        self, error_type: str, error_message: str, stack_trace: str | None, project_name: str
    ) -> tuple[Fingerprint, bytes]:
        self.asked.append((error_type, error_message, stack_trace, project_name))
        return fingerprint_only(error_type, error_message, stack_trace, project_name)


def test_the_same_error_is_analysed_once() -> None:
    counted = Counted()
    known = Analyses(counted)
    first = [known.of(*asked) for asked in ALIKE]
    assert [known.of(*asked) for asked in ALIKE] == first
    assert counted.asked == ALIKE


def test_what_is_remembered_is_what_would_be_found_out_again() -> None:
    patterns = [*errors_in(SAMPLE_ERRORS)] * 2
    every: list[Asked] = [(*each[2:], project) for each in labelled() for project in ("", "shop")]
    for pattern in patterns:
        data = pattern["data"]
        every.append((data["error_type"], data["error_message"], data["stack_trace"], "shop"))
    known = Analyses(analysis)
    for asked in (*every, *every):
        fingerprint, features = analysis(*asked)
        found = known.of(*asked)
        assert (found.variant, found.fingerprint) == (fingerprint.variant, fingerprint.group)
        assert (found.title, found.features) == (fingerprint.title, features)


def test_only_the_latest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyses, "MOST_REMEMBERED", 2)
    counted = Counted()
    known = Analyses(counted)
    for message in ("one", "two", "one", "three", "one", "two"):
        known.of("KeyError", message, None, "")
    assert [message for _, message, _, _ in counted.asked] == ["one", "two", "three", "two"]
