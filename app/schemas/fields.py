"""The kinds of value the vocabulary is made of, each with its rule and its JSON Schema."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from app.schemas.timestamps import parse_timestamp


class PatternType(StrEnum):
    """What kind of thing happened."""

    TASK_COMPLETION = "task_completion"
    ERROR_OCCURRENCE = "error_occurrence"
    AGENT_USAGE = "agent_usage"
    USER_CORRECTION = "user_correction"


class Environment(StrEnum):
    """Where an agent was at work."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class Severity(StrEnum):
    """How bad a mistake a user corrected."""

    MINOR = "minor"
    MODERATE = "moderate"
    CRITICAL = "critical"


PATTERN_ID = r"^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}$"

GROUP_ID = "^err-[0-9a-f]{16}$"

PatternId = Annotated[
    str,
    Field(
        pattern=PATTERN_ID,
        description="The client's own id, unique in the store. Absent: a UUIDv7 is made.",
    ),
]


def _check_timestamp(text: str) -> str:
    parse_timestamp(text)
    return text


Timestamp = Annotated[
    str, AfterValidator(_check_timestamp), Field(json_schema_extra={"format": "date-time"})
]
"""An ISO 8601 time, kept as the text it came as."""

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]


def open_object(**json_schema_extra: Any) -> ConfigDict:
    """Strict about what it knows, open to what it does not: unknown members are kept."""
    return ConfigDict(
        strict=True,
        extra="allow",
        allow_inf_nan=False,
        json_schema_extra=json_schema_extra,
    )
