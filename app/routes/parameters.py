"""Query parameters: each known, given once, not empty and of its type, or a 422 that says so."""

from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, TypeVar, cast
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from app.errors import FieldError, InvalidRequest, MalformedRequest
from app.schemas.examples import CURSOR
from app.schemas.fields import PATTERN_ID
from app.schemas.filters import Filters
from app.schemas.records import LARGEST_DURATION
from app.schemas.timestamps import DAY, is_bare_date, parse_timestamp
from app.schemas.validation import CODES
from app.schemas.words import parse_text_query

LARGEST_SEQ = 2**62

_REMEMBERED = 512
_REMEMBERED_BYTES = 256
"""How many query strings are remembered as they were read, and how long they may be: a `q` of many
short words takes a hundred times its own size."""

_MESSAGES = {
    "missing": ("required", "Required, but missing."),
    "extra_forbidden": ("unknown", "Not a parameter of this call."),
}


def _whole(text: Any) -> Any:
    if isinstance(text, str):
        if not (text.isascii() and text.isdigit() and len(text) <= 19):
            raise ValueError("Must be a whole number, in digits, of at most 19.")
        return int(text)
    return text


def _flag(text: Any) -> Any:
    if isinstance(text, str):
        if text not in ("true", "false"):
            raise ValueError("Must be true or false.")
        return text == "true"
    return text


def _moment(text: str) -> str:
    try:
        parse_timestamp(text)
    except ValueError as error:
        hint = " A plus sign in a URL is written %2B." if " " in text[10:] else ""
        raise ValueError(f"Must be an ISO 8601 date or time: {error}.{hint}") from None
    return text


def _text_query(text: str) -> str:
    parse_text_query(text)
    return text


WHOLE = BeforeValidator(_whole)
"""Reads a whole number. It stands after the number's limits, or JSON Schema would not tell them."""

Flag = Annotated[bool, BeforeValidator(_flag)]
Word = Annotated[str, Field(min_length=1)]
Duration = Annotated[int, Field(ge=0, le=LARGEST_DURATION - 1), WHOLE]
Seq = Annotated[int, Field(ge=0, le=LARGEST_SEQ), WHOLE]
Moment = Annotated[
    str,
    BeforeValidator(_moment),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": form} for form in ("date", "date-time")]}
    ),
]
TextQuery = Annotated[
    str,
    BeforeValidator(_text_query),
    WithJsonSchema({"type": "string", "pattern": r"\p{L}|\p{N}"}),
]


class Parameters(BaseModel):
    """The query parameters of a call; this base knows none.

    What validates them is built at their first use, not at the service's start.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)


class FilterParameters(Parameters):
    """The filters of section "querying"; all that are given must hold."""

    pattern_type: Annotated[
        list[Literal["task_completion", "error_occurrence", "agent_usage", "user_correction"]],
        Field(examples=[["error_occurrence"]]),
    ] = []
    """Any of these types; repeatable."""

    pattern_id: Annotated[
        list[Annotated[str, Field(pattern=PATTERN_ID)]],
        Field(max_length=100, examples=[["pat-20251129-100000-001"]]),
    ] = []
    """Any of these ids; repeatable, at most 100."""

    start_date: Annotated[Moment | None, Field(examples=["2025-11-29"])] = None
    """From this time or day on, inclusive; ISO 8601, UTC unless it has an offset."""

    end_date: Annotated[Moment | None, Field(examples=["2025-11-30"])] = None
    """Up to this time, inclusive; a bare date means to the end of that UTC day."""

    tags: Annotated[list[Word], Field(examples=[["backend"]])] = []
    """All of these tags; repeatable."""

    any_tags: Annotated[list[Word], Field(examples=[["backend", "payments"]])] = []
    """Any of these tags; repeatable."""

    agent: Annotated[Word | None, Field(examples=["code-developer"])] = None
    """The agent: `data.agent`, or `data.agent_type`."""

    task_type: Annotated[Word | None, Field(examples=["implementation"])] = None
    """`data.task_type`."""

    project_name: Annotated[Word | None, Field(examples=["checkout"])] = None
    """`context.project_name`."""

    environment: Literal["development", "staging", "production"] | None = None
    """`context.environment`."""

    session_id: Annotated[Word | None, Field(examples=["session-42"])] = None
    """`context.session_id`."""

    user_id: Annotated[Word | None, Field(examples=["ada"])] = None
    """`context.user_id`."""

    success: Flag | None = None
    """`data.success`."""

    error_type: Annotated[Word | None, Field(examples=["TypeError"])] = None
    """`data.error_type`, whole."""

    severity: Literal["minor", "moderate", "critical"] | None = None
    """`data.severity`."""

    min_duration_ms: Annotated[Duration | None, Field(examples=[1000])] = None
    """`data.duration_ms` at least, in milliseconds."""

    max_duration_ms: Annotated[Duration | None, Field(examples=[60000])] = None
    """`data.duration_ms` at most, in milliseconds."""

    q: Annotated[TextQuery | None, Field(examples=['"unsupported operand" cart*'])] = None
    """Words that must all occur in error_type, error_message, stack_trace, resolution,
    original_output, corrected_output or user_feedback; `"…"` for words next to each other, a
    trailing `*` for a prefix. A word is a run of letters or digits, case folded, or one CJK
    character; all else separates."""

    @cached_property
    def filters(self) -> Filters:
        """The same as the service understands it."""
        end = None if self.end_date is None else parse_timestamp(self.end_date)
        if end is not None and is_bare_date(self.end_date or ""):
            end += DAY - 1
        return Filters(
            pattern_types=tuple(dict.fromkeys(self.pattern_type)),
            pattern_ids=tuple(dict.fromkeys(self.pattern_id)),
            start=None if self.start_date is None else parse_timestamp(self.start_date),
            end=end,
            tags=tuple(dict.fromkeys(self.tags)),
            any_tags=tuple(dict.fromkeys(self.any_tags)),
            phrases=() if self.q is None else parse_text_query(self.q),
            **{
                name: getattr(self, name)
                for name in (
                    "agent",
                    "task_type",
                    "project_name",
                    "environment",
                    "session_id",
                    "user_id",
                    "success",
                    "error_type",
                    "severity",
                    "min_duration_ms",
                    "max_duration_ms",
                )
            },
        )


class QueryParameters(FilterParameters):
    """What `GET /v1/patterns` takes."""

    order: Literal["newest", "oldest"] = "newest"
    """Which end of time comes first."""

    limit: Annotated[int, Field(ge=1, le=1000, examples=[50]), WHOLE] = 100
    """Patterns on a page, at most; a page of large ones holds fewer."""

    cursor: Annotated[Word | None, Field(examples=[CURSOR])] = None
    """`next_cursor` of the page before, with the same filters and order."""


class AgentParameters(FilterParameters):
    """What `GET /v1/stats/agents` takes."""

    limit: Annotated[int, Field(ge=1, le=1000, examples=[10]), WHOLE] = 100
    """Agents in the answer, at most."""


class RecurringParameters(FilterParameters):
    """What `GET /v1/corrections/recurring` takes."""

    min_count: Annotated[int, Field(ge=2, le=1_000_000, examples=[3]), WHOLE] = 2
    """How often at least a change was asked for."""

    limit: Annotated[int, Field(ge=1, le=100, examples=[10]), WHOLE] = 20
    """Changes in the answer, at most."""


class GroupListParameters(FilterParameters):
    """What `GET /v1/errors` takes."""

    status: Literal["open", "resolved", "regressed"] | None = None
    """Only groups that stand so."""

    order: Literal["recent", "frequent", "first_seen"] = "recent"
    """First those seen last, those seen most, or those seen for the first time last."""

    limit: Annotated[int, Field(ge=1, le=1000, examples=[50]), WHOLE] = 100
    """Groups on a page, at most."""

    cursor: Annotated[Word | None, Field(examples=[CURSOR])] = None
    """`next_cursor` of the page before, with the same filters, status and order."""


class GroupParameters(Parameters):
    """What `GET /v1/errors/{group_id}` takes."""

    order: Literal["newest", "oldest"] = "newest"
    """Which end of time comes first."""

    limit: Annotated[int, Field(ge=1, le=1000, examples=[50]), WHOLE] = 100
    """Errors on a page, at most; a page of large ones holds fewer."""

    cursor: Annotated[Word | None, Field(examples=[CURSOR])] = None
    """`next_cursor` of the page before, with the same order."""


class DecisionParameters(Parameters):
    """What `GET /v1/decisions` takes."""

    kind: Annotated[
        list[Literal["merge", "split", "outcome", "inherit", "undo"]],
        Field(examples=[["merge", "split"]]),
    ] = []
    """Any of these kinds; repeatable."""

    limit: Annotated[int, Field(ge=1, le=1000, examples=[50]), WHOLE] = 100
    """Decisions on a page, at most."""

    cursor: Annotated[Word | None, Field(examples=[CURSOR])] = None
    """`next_cursor` of the page before, with the same kinds."""


class ExportParameters(FilterParameters):
    """What `GET /v1/export` takes."""

    after_seq: Annotated[Seq, Field(examples=[481])] = 0
    """Only changes after this commit number: the last `seq` of an export to resume."""

    deletes: Flag = False
    """Whether to tell of deleted patterns as well, whatever the filters."""


class DeleteParameters(FilterParameters):
    """What `DELETE /v1/patterns` takes."""

    dry_run: Flag = False
    """Only count."""

    expect: Annotated[Seq | None, Field(examples=[12])] = None
    """Delete only if exactly so many match, or else answer 412."""


Model = TypeVar("Model", bound=Parameters)


def read_parameters(request: Request, model: type[Model]) -> Model:
    """The query string by a model. Raises InvalidRequest, or MalformedRequest if not UTF-8.

    Agents ask the same over and over, so what was read last is remembered; nobody changes it.
    """
    query: bytes = request.scope["query_string"]
    read = _remembered if len(query) <= _REMEMBERED_BYTES else _read
    return cast(Model, read(query, model))


def _read(query: bytes, model: type[Parameters]) -> Parameters:
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise MalformedRequest("The query string is not UTF-8.") from None
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, value in pairs:
        field = model.model_fields.get(name)
        if field is not None and isinstance(field.default, list):
            values.setdefault(name, []).append(value)
        elif field is not None and name in values:
            errors.append(_error(name, "repeated", "Given more than once; takes one value."))
        else:
            values[name] = value
        if value == "":
            errors.append(_error(name, "empty", "Empty; give a value or leave it out."))
    try:
        parameters = model.model_validate(values)
    except ValidationError as error:
        named = {found.location for found in errors}
        for details in error.errors():
            name = str(details["loc"][0])
            if name not in named:
                code, detail = _MESSAGES.get(details["type"], (None, None))
                message = (
                    details["msg"].removeprefix("Value error, ").replace("Input should", "Must")
                )
                errors.append(
                    _error(
                        name, code or CODES.get(details["type"], details["type"]), detail or message
                    )
                )
    if errors:
        raise InvalidRequest("The query parameters are not valid; see errors.", errors)
    return parameters


_remembered = lru_cache(_REMEMBERED)(_read)


def _error(name: str, code: str, detail: str) -> FieldError:
    shown = name.encode(errors="backslashreplace").decode()
    return FieldError("parameter", shown, code, detail)
