"""What can go wrong, as plain exceptions. `app.problems` maps each to its HTTP answer."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing to change in a request.

    `kind` says where to look: `pointer` (a JSON Pointer, RFC 6901, into the body),
    `parameter` (a query or path parameter) or `header`; `location` is the pointer or the name.
    `code` is stable and made for programs; it takes JSON Schema's keyword where one fits.
    """

    kind: str
    location: str
    code: str
    detail: str


class PatternStoreError(Exception):
    """The base of all errors a caller can do something about; its text is for that caller."""


class MalformedRequest(PatternStoreError):
    """The body is no JSON, an encoding is broken, or the request is no HTTP/1.1."""


class InvalidRequest(PatternStoreError):
    """The request can be read, but breaks the rules named in `errors`."""

    def __init__(self, detail: str, errors: Sequence[FieldError]) -> None:
        super().__init__(detail)
        self.errors = tuple(errors)


class InvalidPattern(InvalidRequest):
    """The body is JSON, but no valid pattern."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("The body is not a valid pattern; see errors.", errors)


class ForbiddenProject(InvalidPattern):
    """The pattern is of a project that the caller may not write to."""

    def __init__(self, detail: str) -> None:
        InvalidRequest.__init__(
            self,
            "The pattern is of another project than the key; see errors.",
            [FieldError("pointer", "/context/project_name", "forbidden", detail)],
        )


class PatternNotFound(PatternStoreError):
    """No pattern is stored under this id."""

    def __init__(self, pattern_id: str) -> None:
        super().__init__(f"No pattern is stored under the id {pattern_id!r}.")


class GroupNotFound(PatternStoreError):
    """No group of errors has this id, as far as the caller may see."""

    def __init__(self, group_id: str) -> None:
        super().__init__(
            f"No group of errors has the id {group_id!r}; GET /v1/errors tells which there are."
        )


class ResolutionNotFound(PatternStoreError):
    """No resolution has this id, as far as the caller may see."""

    def __init__(self, resolution_id: str) -> None:
        super().__init__(
            f"No resolution has the id {resolution_id!r}; POST /v1/errors/resolve tells of them."
        )


class DecisionNotFound(PatternStoreError):
    """No decision has this number, as far as the caller may see."""

    def __init__(self, number: str) -> None:
        super().__init__(f"No decision has the number {number!r}; see GET /v1/decisions.")


class PatternExists(PatternStoreError):
    """Another content is already stored under this id."""

    def __init__(self, pattern_id: str) -> None:
        super().__init__(
            f"Another pattern is already stored under the id {pattern_id!r}. "
            "Use PUT or PATCH to change it, or post under another id."
        )


class PreconditionFailed(PatternStoreError):
    """What the caller made the change conditional on does not hold."""


class PatternChanged(PatternStoreError):
    """The pattern has changed, or gone, since the version the caller read."""


class HistoryGone(PatternStoreError):
    """Tombstones needed to resume from this `seq` have been purged."""


class StorageUnavailable(PatternStoreError):
    """The storage cannot answer now; nothing was acknowledged. Worth retrying."""


class DamagedStore(StorageUnavailable):
    """What is stored cannot be read, or is not what was written. Trying again does not help."""


class QueryTooExpensive(PatternStoreError):
    """A read would take longer than one caller may keep a reader busy; nothing was changed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"Given up after {seconds:g} s: too many patterns have to be looked at. Narrow it: "
            "with start_date and end_date, with a filter that fewer patterns pass (project_name, "
            "session_id, tags), or with rarer words in q."
        )


class StillLoading(PatternStoreError):
    """What was learned before is still being read, so nothing is known yet. Worth retrying."""

    def __init__(self) -> None:
        super().__init__("What was learned is still being read; try again.")


class StoreNotOpened(PatternStoreError):
    """The store cannot be opened; the text names the path and the remedy."""


class StoreExists(PatternStoreError):
    """Something stands where a new store is to be made."""


class StoreBusy(StoreNotOpened):
    """Another process holds the store."""


class UnsupportedMediaType(PatternStoreError):
    """The body comes as a type, or in a coding, that the call does not take."""


class HeadTooLarge(PatternStoreError):
    """The request line and the headers are larger than the service takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request line and the headers are larger than {limit} bytes.")


class BodyTooLarge(PatternStoreError):
    """The body, or one pattern of it, is larger than the service takes."""


class BodyTooSlow(PatternStoreError):
    """The body, a line of it, or the head did not arrive in the time it is given."""


class Overloaded(PatternStoreError):
    """More is asked for than the service can answer soon; nothing was done. Worth retrying."""


class ForeignOrigin(PatternStoreError):
    """A web page of another origin, or a name that is not the service's, is behind the request."""


class ShuttingDown(PatternStoreError):
    """The service stops; what has not been acknowledged was not stored."""


class NoSuchSchema(PatternStoreError):
    """No pattern type has this name."""


class Unauthenticated(PatternStoreError):
    """The request brings no key, or none that is good now."""


class InsufficientScope(PatternStoreError):
    """The caller's key may not do this."""


class RateLimited(PatternStoreError):
    """The caller's key has made its requests; in so many `seconds` it may make another."""

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.seconds = seconds


class KeysUnavailable(PatternStoreError):
    """The service cannot read its keys, so that nobody is let in. Worth retrying."""


class DamagedKeys(PatternStoreError):
    """The file of keys cannot be read; the text, for whoever runs the service, has the remedy."""


class NoSuchKey(PatternStoreError):
    """No key has this id."""
