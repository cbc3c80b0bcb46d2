"""Conditional changes, by RFC 9110, section 13."""

import pytest

from app.errors import PreconditionFailed
from app.schemas.records import Provenance, StoredDocument
from app.service.preconditions import ANY, UNCONDITIONAL, Precondition

PRESENT = StoredDocument("a", "task_completion", 0, b"{}", Provenance(at=0, seq=42, revision=3))
TAG = '"3-42"'


def holds(precondition: Precondition, current: StoredDocument | None) -> bool:
    try:
        precondition.check(current)
    except PreconditionFailed:
        return False
    return True


def test_the_entity_tag_names_revision_and_seq() -> None:
    assert PRESENT.etag == TAG


@pytest.mark.parametrize(
    ("tags", "when_present", "when_absent"),
    [
        (None, True, True),
        ({TAG}, True, False),
        ({'"3-41"', TAG}, True, False),
        ({'"3-41"'}, False, False),
        ({ANY}, True, False),
        (set(), False, False),
    ],
)
def test_if_match_holds_where_the_present_state_is_among_its_tags(
    tags: set[str] | None, when_present: bool, when_absent: bool
) -> None:
    precondition = Precondition(if_match=None if tags is None else frozenset(tags))
    assert holds(precondition, PRESENT) is when_present
    assert holds(precondition, None) is when_absent


@pytest.mark.parametrize(
    ("tags", "when_present", "when_absent"),
    [
        (None, True, True),
        ({TAG}, False, True),
        ({'"3-41"'}, True, True),
        ({ANY}, False, True),
    ],
)
def test_if_none_match_holds_where_the_present_state_is_not_among_its_tags(
    tags: set[str] | None, when_present: bool, when_absent: bool
) -> None:
    precondition = Precondition(if_none_match=None if tags is None else frozenset(tags))
    assert holds(precondition, PRESENT) is when_present
    assert holds(precondition, None) is when_absent


def test_both_conditions_must_hold() -> None:
    both = Precondition(if_match=frozenset({TAG}), if_none_match=frozenset({TAG}))
    assert not holds(both, PRESENT)
    assert not holds(both, None)


def test_no_condition_always_holds() -> None:
    assert holds(UNCONDITIONAL, PRESENT)
    assert holds(UNCONDITIONAL, None)


def test_a_failure_tells_the_present_entity_tag() -> None:
    with pytest.raises(PreconditionFailed, match=TAG):
        Precondition(if_match=frozenset({'"1-1"'})).check(PRESENT)
    with pytest.raises(PreconditionFailed, match="does not exist"):
        Precondition(if_match=frozenset({TAG})).check(None)
