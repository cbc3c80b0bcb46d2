"""Ids for patterns whose clients bring none."""

import uuid

import uuid_utils

_NAMESPACE = uuid.UUID("5f1d7c6e-6d1b-5c0e-9a37-0d6f3d5a7e41")


def new_id() -> str:
    """A UUIDv7 (RFC 9562): ids made later sort later."""
    return str(uuid_utils.uuid7())


def derived_id(idempotency_key: str, index: int | None = None) -> str:
    """The id an idempotency key stands for, or that of one item of a batch sent with the key.

    A UUIDv5 (RFC 9562), so that a retry finds what the first attempt stored.
    """
    name = idempotency_key if index is None else f"{idempotency_key}\n{index}"
    return str(uuid.uuid5(_NAMESPACE, name))
