"""Cursors: where the next page of one query begins, as an opaque text."""

import base64
import hashlib
import json

from app.errors import FieldError, InvalidRequest
from app.schemas.filters import Filters, Position


def encode_cursor(position: Position, filters: Filters, order: str) -> str:
    """The cursor that goes on after a position."""
    content = [_fingerprint(filters, order), position.timestamp, position.pattern_id]
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, filters: Filters, order: str) -> Position:
    """The position a cursor stands for.

    Raises InvalidRequest where it was not made by this service, or for another query.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        fingerprint, timestamp, pattern_id = json.loads(
            base64.b64decode(padded, altchars=b"-_", validate=True)
        )
        if type(timestamp) is not int or abs(timestamp) >= 2**63 or type(pattern_id) is not str:
            raise ValueError
        pattern_id.encode()
    except (ValueError, TypeError, RecursionError):
        raise _invalid("No cursor of this service; take next_cursor as it is.") from None
    if fingerprint != _fingerprint(filters, order):
        raise _invalid("Belongs to a query with other filters or another order.")
    return Position(timestamp, pattern_id)


def _fingerprint(filters: Filters, order: str) -> str:
    return hashlib.blake2b(repr((filters, order)).encode(), digest_size=6).hexdigest()


def _invalid(detail: str) -> InvalidRequest:
    return InvalidRequest(
        "The cursor cannot be used; see errors.",
        [FieldError("parameter", "cursor", "cursor", detail)],
    )
