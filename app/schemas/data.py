"""What `data` holds, by pattern type, and what `context` holds."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from app.schemas.fields import Count, Percent, Text, Timestamp, open_object


@with_config(open_object())
class TaskCompletionData(TypedDict):
    """A task an agent finished, or gave up."""

    task_type: Annotated[Text, Field(description="The kind of task.")]
    agent: Annotated[Text, Field(description="The agent that did it.")]
    duration_ms: Annotated[Count, Field(description="How long it took, in milliseconds.")]
    success: Annotated[bool, Field(description="Whether the task was done as asked.")]
    files_created: NotRequired[Count]
    files_modified: NotRequired[Count]
    tests_passed: NotRequired[Count]
    tests_failed: NotRequired[Count]
    lines_of_code: NotRequired[Count]
    coverage_percent: NotRequired[Percent | None]
    error_message: NotRequired[
        Annotated[str | None, Field(description="Why it failed. Searched by `q`.")]
    ]
    retry_count: NotRequired[Count]


@with_config(open_object())
class ErrorOccurrenceData(TypedDict):
    """An error an agent ran into and, once known, what resolved it."""

    error_type: Annotated[
        Text, Field(description="The error's class or code, such as `TypeError`. Searched by `q`.")
    ]
    error_message: Annotated[
        str, Field(description="The message; empty for an error that has none. Searched by `q`.")
    ]
    stack_trace: NotRequired[
        Annotated[str, Field(description="The trace as printed. Searched by `q`.")]
    ]
    file_path: NotRequired[str]
    line_number: NotRequired[Count]
    function_name: NotRequired[str | None]
    resolution: NotRequired[
        Annotated[str | None, Field(description="What fixed the error. Searched by `q`.")]
    ]
    resolution_time_ms: NotRequired[Count | None]
    similar_errors_count: NotRequired[Count]
    auto_resolved: NotRequired[bool]
    user_intervention: NotRequired[bool]


@with_config(open_object())
class AgentUsageData(TypedDict):
    """One use of an agent, and what it cost."""

    agent_type: Annotated[Text, Field(description="The agent. The filter `agent` finds it.")]
    task_type: Annotated[Text, Field(description="What it was used for.")]
    success: Annotated[bool, Field(description="Whether it did what it was used for.")]
    duration_ms: Annotated[Count, Field(description="How long it ran, in milliseconds.")]
    retry_count: NotRequired[Count]
    tools_used: NotRequired[list[str]]
    files_accessed: NotRequired[Count]
    api_calls: NotRequired[Count]
    tokens_used: NotRequired[Count]
    memory_mb: NotRequired[float | None]
    cpu_percent: NotRequired[float | None]
    parallel_tasks: NotRequired[Count]


@with_config(open_object())
class UserCorrectionData(TypedDict):
    """What an agent said, and what its user made of it."""

    original_output: Annotated[str, Field(description="What the agent said. Searched by `q`.")]
    corrected_output: Annotated[
        str, Field(description="What it was corrected to; may be empty. Searched by `q`.")
    ]
    correction_type: Annotated[Text, Field(description="The kind of correction.")]
    agent: Annotated[Text, Field(description="The agent that was corrected.")]
    task_type: NotRequired[str]
    correction_category: NotRequired[str]
    user_feedback: NotRequired[
        Annotated[str | None, Field(description="The user's own words. Searched by `q`.")]
    ]
    severity: NotRequired[Literal["minor", "moderate", "critical"]]
    pattern_matched: NotRequired[str | None]


@with_config(open_object())
class Context(TypedDict, total=False):
    """Where and for whom it happened."""

    project_name: str
    session_id: str
    user_id: str | None
    environment: Literal["development", "staging", "production"]
    git_branch: str | None
    git_commit: str | None
    timestamp: Annotated[Timestamp, Field(description="A time of the client's own, as posted.")]
    tags: Annotated[list[str], Field(description="Found by the filters `tags` and `any_tags`.")]
    metadata: dict[str, Any]
