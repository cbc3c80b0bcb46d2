"""What is asked of the service in a body, besides patterns."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.fields import GROUP_ID, PATTERN_ID

MOST_CORRECTIONS = 20
"""In one answer."""

MOST_CANDIDATES = 50

Confidence = Literal["exact", "likely", "possible"]
Name = Annotated[str, Field(min_length=1)]


def _without_defaults(schema: dict[str, Any]) -> None:
    """Generated clients would have to send what has a default."""
    for member in schema["properties"].values():
        member.pop("default", None)


class Question(BaseModel):
    """Something asked; a member that is not known is refused."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        defer_build=True,
        json_schema_extra=_without_defaults,
    )


class CorrectionQuestion(Question):
    """An output, before it is given."""

    output: str
    """What the agent is about to answer; of a long one, the beginning and the end are read."""

    agent: Name | None = None
    """Who asks. What this agent was corrected in comes first, where all else is equal."""

    task_type: Name | None = None
    """What the output is for; the same."""

    limit: Annotated[int, Field(ge=1, le=MOST_CORRECTIONS)] = 5
    """Corrections in the answer, at most; absent: 5."""

    min_score: Annotated[float, Field(ge=0, le=1)] | None = None
    """Only what scores at least this. Without it what is likely: of 20 outputs that repeat
    nothing, one is told of something."""


class ErrorQuestion(Question):
    """An error that an agent has hit, as it would report it."""

    error_type: Name
    """Its type, with or without its package."""

    error_message: str
    """What it says; may be empty."""

    stack_trace: str | None = None
    """As it was printed, in Java's, Python's, JavaScript's, Go's, Rust's, C#'s, Ruby's or PHP's
    way. Without one only a message that tells much is recognised."""

    context: dict[str, Any] | None = None
    """As in a pattern. Of it `project_name` counts: the same project's errors are likelier."""

    limit: Annotated[int, Field(ge=1, le=MOST_CANDIDATES)] = 5
    """Candidates in the answer, at most; absent: 5."""

    min_confidence: Confidence = "likely"
    """Only what is at least as good; absent: `likely`. Of what is `exact` or `likely` nine in ten
    are right."""


class OutcomeReport(Question):
    """Whether a resolution has worked."""

    worked: bool
    """Whether the error is gone."""

    pattern_id: Annotated[str, Field(pattern=PATTERN_ID)] | None = None
    """The error it was tried on, where that is stored. For each error it counts once that a
    resolution worked, and once that it did not."""

    note: Annotated[str, Field(max_length=10_000)] | None = None
    """What is to be said about it."""


class Merge(Question):
    """Which group another goes into."""

    into: Annotated[str, Field(pattern=GROUP_ID)]


class Split(Question):
    """Errors that, with all that are alike, are a group of their own."""

    pattern_ids: Annotated[
        list[Annotated[str, Field(pattern=PATTERN_ID)]], Field(min_length=1, max_length=100)
    ]
