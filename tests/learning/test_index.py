"""Known errors and which of them are most like another."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.learning.confidence import Confidence
from app.learning.features import Features, features_of
from app.learning.index import MOST_COMPARED, ErrorIndex, Exemplar, Match

NAMES = st.sampled_from(["cart", "orderTotal", "user_name", "parse", "HTTPClient", "größe", "x"])
MESSAGES = st.lists(st.sampled_from(["missing", "key", "'fee'", "12", "<1>", "was:"]), max_size=6)


def trace_of(error_type: str, message: str, functions: list[str]) -> str:
    frames = [f"\tat com.example.shop.{name.title()}.{name}(A.java:1)" for name in functions]
    return "\n".join([f"{error_type}: {message}", *frames])


def java(error_type: str, message: str, functions: list[str], project: str = "") -> Features:
    return features_of(error_type, message, trace_of(error_type, message, functions), project)


@st.composite
def errors(draw: st.DrawFn) -> Features:
    message = " ".join(draw(MESSAGES))
    error_type = draw(st.sampled_from(["a.KeyError", "a.b.TypeError"]))
    functions = draw(st.lists(NAMES, max_size=8))
    return java(error_type, message, functions, draw(st.sampled_from(["", "shop"])))


def index_of(known: dict[str, Features]) -> ErrorIndex:
    index = ErrorIndex()
    for key, features in known.items():
        index.add(Exemplar(key, f"group of {key}", features.to_bytes()))
    return index


NULL = java("a.NullPointerException", "cart is null", ["total", "checkout", "handle"])
KNOWN = {
    "same place": NULL,
    "same class": java("a.NullPointerException", "cart is null", ["total", "refund"]),
    "elsewhere": java("a.NullPointerException", "user is null", ["login", "handle"]),
}


def test_the_error_most_alike_comes_first() -> None:
    asked = java("a.NullPointerException", "cart is null", ["total", "checkout", "retry"])
    found = index_of(KNOWN).nearest(asked, 3)
    assert [match.key for match in found] == ["same place", "same class", "elsewhere"]


def test_the_same_error_again_is_exact_and_agrees_in_all() -> None:
    first = index_of(KNOWN).nearest(NULL, 1)[0]
    assert (first.key, first.group) == ("same place", "group of same place")
    assert first.agreement.confidence is Confidence.EXACT
    assert (first.agreement.frames, first.agreement.message) == (1, 1)
    assert first.agreement.score == pytest.approx(1)
    assert first.functions == 3


def test_an_error_of_the_same_place_and_other_values_is_exact() -> None:
    index = index_of({"known": java("a.E", "order 12 not found", ["find", "show"])})
    found = index.nearest(java("a.E", "order 57 not found", ["find", "show"]), 1)
    assert found[0].agreement.confidence is Confidence.EXACT


def test_an_assertion_of_other_values_in_the_same_test_is_not() -> None:
    index = index_of({"known": java("a.E", "expected:<1.5> but was:<2.25>", ["testSum"])})
    found = index.nearest(java("a.E", "expected:<[]> but was:<null>", ["testSum"]), 1)
    assert found[0].agreement.confidence is Confidence.POSSIBLE


def test_an_error_of_another_type_is_possible_at_most() -> None:
    index = index_of({"known": java("a.E", "cart is null", ["total"])})
    found = index.nearest(java("a.F", "cart is null", ["total"]), 1)
    assert found[0].agreement.confidence is Confidence.POSSIBLE


def test_an_error_without_a_trace_is_known_by_a_message_that_tells_enough() -> None:
    message = "No module named 'yaml'"
    index = index_of({"known": features_of("ModuleNotFoundError", message, None)})
    found = index.nearest(features_of("ModuleNotFoundError", message, ""), 1)
    assert found[0].agreement.confidence is Confidence.LIKELY
    assert found[0].agreement.frames is None


def test_an_error_without_a_trace_or_a_message_is_not_known_by_its_type() -> None:
    index = index_of({"known": features_of("Error", "", None)})
    found = index.nearest(features_of("Error", "", None), 1)
    assert found[0].agreement.confidence is Confidence.POSSIBLE


def test_a_message_alone_tells_nothing_of_another_project() -> None:
    message = "No module named 'yaml'"
    index = index_of({"known": features_of("ModuleNotFoundError", message, None, "shop")})
    for project, confidence in (("shop", Confidence.LIKELY), ("blog", Confidence.POSSIBLE)):
        found = index.nearest(features_of("ModuleNotFoundError", message, None, project), 1)
        assert found[0].agreement.confidence is confidence


def test_a_group_is_named_once_by_its_best_exemplar() -> None:
    index = ErrorIndex()
    for key, features in KNOWN.items():
        index.add(Exemplar(key, "one", features.to_bytes()))
    assert [match.key for match in index.nearest(NULL, 5)] == ["same place"]


def test_an_empty_index_knows_nothing() -> None:
    assert ErrorIndex().nearest(NULL, 5) == []


def test_an_error_with_nothing_in_common_is_no_answer() -> None:
    assert index_of(KNOWN).nearest(java("x.Other", "boom", []), 5) == []


def test_a_key_added_again_stands_for_the_new_error() -> None:
    index = index_of(KNOWN)
    index.add(Exemplar("elsewhere", "moved", NULL.to_bytes()))
    assert len(index) == len(KNOWN)
    assert [match.group for match in index.nearest(NULL, 1)] == ["moved"]


def test_no_more_is_compared_than_bounded() -> None:
    index = index_of({f"{number:03}": NULL for number in range(3 * MOST_COMPARED)})
    found = index.nearest(NULL, 1000)
    assert [match.key for match in found] == [f"{number:03}" for number in range(MOST_COMPARED)]


def seen(matches: list[Match]) -> list[tuple[str, float, Confidence]]:
    return [(each.key, each.agreement.score, each.agreement.confidence) for each in matches]


@given(st.lists(errors(), max_size=8), errors(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_answer_does_not_depend_on_the_order_in_which_errors_came(
    known: list[Features], asked: Features, chance: Random
) -> None:
    named = {f"e{number}": features for number, features in enumerate(known)}
    order = list(named)
    chance.shuffle(order)
    shuffled = index_of({key: named[key] for key in order})
    assert seen(shuffled.nearest(asked, 10)) == seen(index_of(named).nearest(asked, 10))


@given(st.lists(errors(), max_size=6), st.lists(errors(), max_size=6), errors())
@settings(deadline=None)
def test_what_was_added_and_removed_leaves_no_trace(
    kept: list[Features], passing: list[Features], asked: Features
) -> None:
    named = {f"e{number}": features for number, features in enumerate(kept)}
    expected = seen(index_of(named).nearest(asked, 10))
    index = ErrorIndex()
    for number, features in enumerate(passing):
        index.add(Exemplar(f"passing {number}", "passing", features.to_bytes()))
    for key, features in named.items():
        index.add(Exemplar(key, f"group of {key}", features.to_bytes()))
    for number in range(len(passing)):
        index.remove(f"passing {number}")
    assert len(index) == len(named)
    assert seen(index.nearest(asked, 10)) == expected


@given(errors())
def test_a_known_error_is_found_by_itself(features: Features) -> None:
    found = index_of({"known": features}).nearest(features, 1)
    assert found[0].agreement.score == pytest.approx(1)


@given(errors(), errors())
def test_agreement_is_a_share(asked: Features, known: Features) -> None:
    for match in index_of({"known": known}).nearest(asked, 1):
        agreement = match.agreement
        parts = (agreement.score, agreement.frames, agreement.message, agreement.library)
        assert all(part is None or 0 <= part <= 1 + 1e-9 for part in parts)


@given(errors())
def test_features_are_the_same_after_they_were_bytes(features: Features) -> None:
    assert Features.from_bytes(features.to_bytes()) == features


def test_features_of_another_version_are_to_be_made_anew() -> None:
    packed = NULL.to_bytes()
    assert Features.from_bytes(b"\xff\xff" + packed[2:]) is None


def test_the_features_of_an_endless_recursion_are_few() -> None:
    names = [f"level{number}" for number in range(10_000)]
    features = java("a.StackOverflowError", "deep " * 100_000, names)
    assert len(features.to_bytes()) < 4000
    assert index_of({"deep": features}).nearest(features, 1)[0].key == "deep"
