"""The pattern: what a client sends, and what is stored and returned.

Adding a type means its `data` in `app.schemas.data`, a member of `PatternType`, and here the
two shapes of the pattern with an example.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypeAliasType, TypedDict

from app.schemas.data import (
    AgentUsageData,
    Context,
    ErrorOccurrenceData,
    TaskCompletionData,
    UserCorrectionData,
)
from app.schemas.examples import EXAMPLES, stored_example
from app.schemas.fields import PATTERN_ID, PatternId, PatternType, Timestamp, open_object


class Stored(TypedDict):
    """What the server adds to a pattern."""

    at: Annotated[
        str,
        Field(
            description="When the pattern was first received.",
            json_schema_extra={"format": "date-time"},
        ),
    ]
    seq: Annotated[
        int, Field(ge=1, description="The store's commit number of the pattern's latest change.")
    ]
    revision: Annotated[int, Field(ge=1, description="1, and one up with each change.")]
    redacted: NotRequired[
        Annotated[
            int,
            Field(
                ge=1,
                description="How many secrets stand replaced by `[redacted:kind]` in the pattern. "
                "Absent: none.",
            ),
        ]
    ]


class _PostedPattern(TypedDict):
    pattern_id: NotRequired[PatternId]
    timestamp: NotRequired[
        Annotated[
            Timestamp,
            Field(
                description="When it happened: ISO 8601 with `Z`, an offset or neither, which "
                "means UTC. Absent: the time of receipt."
            ),
        ]
    ]
    context: NotRequired[Context]
    version: NotRequired[Annotated[str, Field(description="The schema's version. Absent: `1.0`.")]]
    stored: NotRequired[
        Annotated[Any, Field(description="Ignored, so that what was read can be sent back.")]
    ]


@with_config(open_object(examples=[EXAMPLES[PatternType.TASK_COMPLETION]]))
class TaskCompletion(_PostedPattern):
    """A task was completed, well or badly."""

    pattern_type: Literal["task_completion"]
    data: TaskCompletionData


@with_config(open_object(examples=[EXAMPLES[PatternType.ERROR_OCCURRENCE]]))
class ErrorOccurrence(_PostedPattern):
    """An error occurred."""

    pattern_type: Literal["error_occurrence"]
    data: ErrorOccurrenceData


@with_config(open_object(examples=[EXAMPLES[PatternType.AGENT_USAGE]]))
class AgentUsage(_PostedPattern):
    """An agent was used."""

    pattern_type: Literal["agent_usage"]
    data: AgentUsageData


@with_config(open_object(examples=[EXAMPLES[PatternType.USER_CORRECTION]]))
class UserCorrection(_PostedPattern):
    """A user corrected an agent."""

    pattern_type: Literal["user_correction"]
    data: UserCorrectionData


class _StoredPattern(TypedDict):
    pattern_id: Annotated[str, Field(pattern=PATTERN_ID)]
    timestamp: Annotated[
        str,
        Field(
            description="When it happened, in UTC, with microseconds.",
            json_schema_extra={"format": "date-time"},
        ),
    ]
    context: Context
    version: str
    stored: Stored


@with_config(open_object(examples=[stored_example(PatternType.TASK_COMPLETION)]))
class StoredTaskCompletion(_StoredPattern):
    """A stored task completion."""

    pattern_type: Literal["task_completion"]
    data: TaskCompletionData


@with_config(open_object(examples=[stored_example(PatternType.ERROR_OCCURRENCE)]))
class StoredErrorOccurrence(_StoredPattern):
    """A stored error occurrence."""

    pattern_type: Literal["error_occurrence"]
    data: ErrorOccurrenceData


@with_config(open_object(examples=[stored_example(PatternType.AGENT_USAGE)]))
class StoredAgentUsage(_StoredPattern):
    """A stored use of an agent."""

    pattern_type: Literal["agent_usage"]
    data: AgentUsageData


@with_config(open_object(examples=[stored_example(PatternType.USER_CORRECTION)]))
class StoredUserCorrection(_StoredPattern):
    """A stored user correction."""

    pattern_type: Literal["user_correction"]
    data: UserCorrectionData


SHAPES: dict[PatternType, Any] = {
    PatternType.TASK_COMPLETION: TaskCompletion,
    PatternType.ERROR_OCCURRENCE: ErrorOccurrence,
    PatternType.AGENT_USAGE: AgentUsage,
    PatternType.USER_CORRECTION: UserCorrection,
}
"""The shape a client sends, by type."""

Pattern = TypeAliasType(
    "Pattern",
    Annotated[
        TaskCompletion | ErrorOccurrence | AgentUsage | UserCorrection,
        Field(discriminator="pattern_type", description="What a client sends."),
    ],
)
StoredPattern = TypeAliasType(
    "StoredPattern",
    Annotated[
        StoredTaskCompletion | StoredErrorOccurrence | StoredAgentUsage | StoredUserCorrection,
        Field(discriminator="pattern_type", description="What is stored, and comes back."),
    ],
)


@with_config(
    open_object(
        examples=[{"data": {"resolution": "Convert the fee to an int when the cart is read."}}]
    )
)
class PatternPatch(TypedDict, total=False):
    """A merge patch (RFC 7396): the members to change, null for those to remove."""

    data: dict[str, Any]
    context: dict[str, Any] | None
    version: str | None


PATTERN: TypeAdapter[Any] = TypeAdapter(Pattern, config=ConfigDict(defer_build=True))
"""What checks them; built at its first use, not at the service's start."""
