"""Ids the service makes: UUIDs, new ones in the order of time, derived ones always the same."""

import re
import uuid

from app.schemas.fields import PATTERN_ID
from app.schemas.identifiers import derived_id, new_id


def test_a_new_id_is_a_uuid_of_version_7_and_a_valid_pattern_id() -> None:
    made = uuid.UUID(new_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert re.fullmatch(PATTERN_ID, str(made))


def test_new_ids_are_all_different_and_sort_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(10_000)]
    assert len(set(made)) == len(made)
    assert sorted(made) == made


def test_a_derived_id_is_a_uuid_of_version_5_and_a_valid_pattern_id() -> None:
    made = uuid.UUID(derived_id("key"))
    assert (made.version, made.variant) == (5, uuid.RFC_4122)
    assert re.fullmatch(PATTERN_ID, str(made))


def test_a_key_stands_for_the_same_id_for_ever() -> None:
    assert derived_id("key") == "58b7b8f0-8b0b-5f42-86dd-181228c852cb"
    assert derived_id("key", 0) == "b7107b53-8d9a-5bf4-ba69-aa45e402a8f1"


def test_keys_and_items_of_a_batch_stand_for_ids_of_their_own() -> None:
    names = [("key", None), ("Key", None), ("key2", None), ("key", 0), ("key", 2), ("key2", 0)]
    assert len({derived_id(key, index) for key, index in names}) == len(names)
