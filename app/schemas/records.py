"""A checked pattern as the storage takes it, and a stored one as it comes back.

They are named tuples, which are made in a third of a frozen dataclass's time: each request
makes some, and each batch thousands.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.errors import FieldError, InvalidPattern
from app.schemas.json_text import canonical_json, read_json, write_json
from app.schemas.timestamps import format_timestamp, parse_timestamp
from app.schemas.words import searchable

DEFAULT_VERSION = "1.0"
PLACEHOLDER = b"[redacted:"
"""What stands in the place of a secret begins so, and ends with its kind and `]`."""

_STORED = b',"stored":{'

LARGEST_SEQ = 2**62
LARGEST_DURATION = 2**63 - 1
"""Longer durations are kept exactly, but filtered as this."""

_SEARCHED = (
    "error_type",
    "error_message",
    "stack_trace",
    "resolution",
    "original_output",
    "corrected_output",
    "user_feedback",
)


class Filed(NamedTuple):
    """What a filter can ask of a pattern; None where the pattern does not say."""

    project_name: str
    agent: str | None
    task_type: str | None
    environment: str | None
    session_id: str | None
    user_id: str | None
    success: bool | None
    error_type: str | None
    severity: str | None
    duration_ms: int | None


class Provenance(NamedTuple):
    """What the server adds to a pattern: `at` in microseconds since the epoch."""

    at: int
    seq: int
    revision: int

    def is_later_than(self, other: "Provenance") -> bool:
        """Whether this is a later state, of one pattern."""
        return (self.revision, self.seq) > (other.revision, other.seq)


class Record(NamedTuple):
    """A valid pattern, ready to be stored.

    `document` is its JSON text without `stored`; `received` a hash of what the client sent,
    by which a retry is recognised also after a change; `text` what full text searches;
    `preserved` the provenance to keep, for imports that say so.
    """

    pattern_id: str
    pattern_type: str
    timestamp: int
    at: int
    document: bytes
    received: bytes
    filed: Filed
    tags: tuple[str, ...]
    text: str
    preserved: Provenance | None = None

    def content(self) -> dict[str, Any]:
        """The parsed document."""
        content: dict[str, Any] = read_json(self.document)
        return content


class StoredDocument(NamedTuple):
    """A pattern in the store: its JSON text as the API returns it, and its provenance."""

    pattern_id: str
    pattern_type: str
    timestamp: int
    json: bytes
    stored: Provenance

    @classmethod
    def of(
        cls,
        pattern_id: str,
        pattern_type: str,
        timestamp: int,
        document: bytes,
        stored: Provenance,
    ) -> "StoredDocument":
        """The same of a text without `stored`."""
        json = with_provenance(document, stored)
        return cls(pattern_id, pattern_type, timestamp, json, stored)

    @property
    def document(self) -> bytes:
        """The JSON text without `stored`, which is its last member."""
        return self.json[: self.json.rindex(_STORED)] + b"}"

    @property
    def seq(self) -> int:
        """The number of the change that made this state."""
        return self.stored.seq

    @property
    def etag(self) -> str:
        """The entity tag (RFC 9110, section 8.8.3) of this state."""
        return f'"{self.stored.revision}-{self.stored.seq}"'

    def content(self) -> dict[str, Any]:
        """The parsed document."""
        content: dict[str, Any] = read_json(self.document)
        return content


def provenance_of(stored: Any) -> Provenance | None:
    """What a member `stored` says, None where it is nothing that a store has written."""
    try:
        at, seq, revision = parse_timestamp(stored["at"]), stored["seq"], stored["revision"]
    except (LookupError, TypeError, ValueError):
        return None
    if type(seq) is not int or type(revision) is not int:
        return None
    if not (0 < seq <= LARGEST_SEQ and 0 < revision <= LARGEST_SEQ):
        return None
    return Provenance(at, seq, revision)


def preserved_in(pattern: Mapping[str, Any]) -> Provenance | None:
    """The provenance a pattern brings, None without one. Raises InvalidPattern for another."""
    if "stored" not in pattern:
        return None
    if (provenance := provenance_of(pattern["stored"])) is not None:
        return provenance
    detail = "Must be what an export wrote: at, seq and revision."
    raise InvalidPattern([FieldError("pointer", "/stored", "provenance", detail)])


def with_provenance(document: bytes, stored: Provenance) -> bytes:
    """A document's JSON text with the member `stored` at its end.

    How many secrets were redacted is counted in the text itself: so it is right after every
    change, in files edited by hand, and in another store.
    """
    redacted = document.count(PLACEHOLDER)
    return b'%b%b"at":"%b","seq":%d,"revision":%d%b}}' % (
        document[:-1],
        _STORED,
        format_timestamp(stored.at).encode(),
        stored.seq,
        stored.revision,
        b',"redacted":%d' % redacted if redacted else b"",
    )


def record_of(
    pattern: Mapping[str, Any],
    *,
    pattern_id: str,
    at: int,
    timestamp: int | None = None,
    preserved: Provenance | None = None,
) -> Record:
    """The record of a checked pattern received at `at`.

    `timestamp` stands in where the pattern brings none: microseconds since the epoch, the
    time of receipt unless given. Raises InvalidPattern where a number cannot be kept.
    """
    posted = pattern.get("timestamp")
    moment = (
        parse_timestamp(posted) if posted is not None else at if timestamp is None else timestamp
    )
    data, context = pattern["data"], pattern.get("context", {})
    content = {
        "pattern_id": pattern_id,
        "pattern_type": pattern["pattern_type"],
        "timestamp": format_timestamp(moment),
        "data": data,
        "context": context,
        "version": pattern.get("version", DEFAULT_VERSION),
    }
    content |= {name: pattern[name] for name in pattern if name not in content and name != "stored"}
    document = write_json(content)
    received = content if posted is not None else {**content, "timestamp": None}
    return Record(
        pattern_id=pattern_id,
        pattern_type=content["pattern_type"],
        timestamp=moment,
        at=at,
        document=document,
        received=hashlib.blake2b(canonical_json(received), digest_size=16).digest(),
        filed=_filed(content["pattern_type"], data, context),
        tags=tuple(dict.fromkeys(context.get("tags", ()))),
        text=searchable(text for name in _SEARCHED if isinstance(text := data.get(name), str)),
        preserved=preserved,
    )


def record_of_document(stored: StoredDocument) -> Record:
    """The record a stored document was made from, so that its entries can be found again."""
    return record_again(stored.content(), stored.pattern_id, stored.stored)


def record_again(pattern: Mapping[str, Any], pattern_id: str, stored: Provenance) -> Record:
    """The record of a pattern that was stored before.

    A pattern of the very time of its receipt came without one: a retry is known by that.
    """
    if pattern.get("timestamp") == format_timestamp(stored.at):
        pattern = {name: pattern[name] for name in pattern if name != "timestamp"}
    return record_of(pattern, pattern_id=pattern_id, at=stored.at, preserved=stored)


def _filed(pattern_type: str, data: Mapping[str, Any], context: Mapping[str, Any]) -> Filed:
    agent = ("agent_type", "agent") if pattern_type == "agent_usage" else ("agent", "agent_type")
    success = data.get("success")
    return Filed(
        project_name=_text(context, "project_name") or "",
        agent=_text(data, agent[0]) or _text(data, agent[1]),
        task_type=_text(data, "task_type"),
        environment=_text(context, "environment"),
        session_id=_text(context, "session_id"),
        user_id=_text(context, "user_id"),
        success=success if isinstance(success, bool) else None,
        error_type=_text(data, "error_type"),
        severity=_text(data, "severity"),
        duration_ms=_count(data, "duration_ms"),
    )


def _text(members: Mapping[str, Any], name: str) -> str | None:
    """A member, where it is a string, as a filter needs it."""
    value = members.get(name)
    return value if isinstance(value, str) else None


def _count(members: Mapping[str, Any], name: str) -> int | None:
    value = members.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return min(value, LARGEST_DURATION)
    return None
