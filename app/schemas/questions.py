"""What is asked of the service in a body, besides patterns."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST_CORRECTIONS = 20
"""In one answer."""


class Question(BaseModel):
    """Something asked; a member that is not known is refused."""

    model_config = ConfigDict(
        extra="forbid", strict=True, use_attribute_docstrings=True, defer_build=True
    )


class CorrectionQuestion(Question):
    """An output, before it is given."""

    output: str
    """What the agent is about to answer; of a long one, the beginning and the end are read."""

    agent: Annotated[str, Field(min_length=1)] | None = None
    """Who asks. What this agent was corrected in comes first, where all else is equal."""

    task_type: Annotated[str, Field(min_length=1)] | None = None
    """What the output is for; the same."""

    limit: Annotated[int, Field(ge=1, le=MOST_CORRECTIONS)] = 5
    """Corrections in the answer, at most."""

    min_score: Annotated[float, Field(ge=0, le=1)] | None = None
    """Only what scores at least this. Without it what is likely: of 20 outputs that repeat
    nothing, one is told of something."""
