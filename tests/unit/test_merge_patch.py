"""JSON Merge Patch, by the test cases of RFC 7396, appendix A."""

from copy import deepcopy
from typing import Any

import pytest

from app.service.merge_patch import merge_patch


@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_cases_of_the_standard(original: Any, patch: Any, result: Any) -> None:
    assert merge_patch(original, patch) == result


def test_neither_the_target_nor_the_patch_is_changed() -> None:
    target, patch = {"a": {"b": 1}, "c": [2]}, {"a": {"d": {"e": 3}}, "c": None}
    before = deepcopy((target, patch))
    assert merge_patch(target, patch) == {"a": {"b": 1, "d": {"e": 3}}}
    assert (target, patch) == before


def test_members_keep_their_order_and_new_ones_come_last() -> None:
    merged = merge_patch({"z": 1, "y": 2, "x": 3}, {"a": 4, "y": 5})
    assert list(merged) == ["z", "y", "x", "a"]
