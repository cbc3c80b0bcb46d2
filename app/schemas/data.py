"""What `data` holds, by pattern type, and what `context` holds."""

from typing import Any, Literal, NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from app.schemas.examples import CONTEXT, DATA
from app.schemas.fields import Count, PatternType, Percent, Text, Timestamp, open_object


@with_config(open_object(examples=[DATA[PatternType.TASK_COMPLETION]]))
class TaskCompletionData(TypedDict):
    """A task an agent finished, or gave up."""

    task_type: Text
    """The kind of task."""
    agent: Text
    """The agent that did it."""
    duration_ms: Count
    """How long it took, in milliseconds."""
    success: bool
    """Whether the task was done as asked."""
    files_created: NotRequired[Count]
    """How many files it created."""
    files_modified: NotRequired[Count]
    """How many files it changed."""
    tests_passed: NotRequired[Count]
    """How many tests passed at its end."""
    tests_failed: NotRequired[Count]
    """How many tests failed at its end."""
    lines_of_code: NotRequired[Count]
    """How many lines it wrote."""
    coverage_percent: NotRequired[Percent | None]
    """How much of the code the tests reach."""
    error_message: NotRequired[str | None]
    """Why it failed. Searched by `q`."""
    retry_count: NotRequired[Count]
    """How often it was begun anew."""


@with_config(open_object(examples=[DATA[PatternType.ERROR_OCCURRENCE]]))
class ErrorOccurrenceData(TypedDict):
    """An error an agent ran into and, once known, what resolved it."""

    error_type: Text
    """The error's class or code, such as `TypeError`. Searched by `q`."""
    error_message: str
    """The message; empty for an error that has none. Searched by `q`."""
    stack_trace: NotRequired[str]
    """The trace as printed. Searched by `q`."""
    file_path: NotRequired[str]
    """The file it occurred in."""
    line_number: NotRequired[Count]
    """The line it occurred at."""
    function_name: NotRequired[str | None]
    """The function it occurred in."""
    resolution: NotRequired[str | None]
    """What fixed the error. Searched by `q`."""
    resolution_time_ms: NotRequired[Count | None]
    """How long it took to fix, in milliseconds."""
    similar_errors_count: NotRequired[Count]
    """How many like it the client had seen before."""
    auto_resolved: NotRequired[bool]
    """Whether the agent fixed it by itself."""
    user_intervention: NotRequired[bool]
    """Whether a person had to help."""


@with_config(open_object(examples=[DATA[PatternType.AGENT_USAGE]]))
class AgentUsageData(TypedDict):
    """One use of an agent, and what it cost."""

    agent_type: Text
    """The agent. The filter `agent` finds it."""
    task_type: Text
    """What it was used for."""
    success: bool
    """Whether it did what it was used for."""
    duration_ms: Count
    """How long it ran, in milliseconds."""
    retry_count: NotRequired[Count]
    """How often it was begun anew."""
    tools_used: NotRequired[list[str]]
    """The tools it called."""
    files_accessed: NotRequired[Count]
    """How many files it read or wrote."""
    api_calls: NotRequired[Count]
    """How many calls it made to other services."""
    tokens_used: NotRequired[Count]
    """How many tokens it took in and gave out."""
    memory_mb: NotRequired[float | None]
    """Its memory at the most, in megabytes."""
    cpu_percent: NotRequired[float | None]
    """Its share of a processor; more than 100 on several."""
    parallel_tasks: NotRequired[Count]
    """How many tasks ran beside it."""


@with_config(open_object(examples=[DATA[PatternType.USER_CORRECTION]]))
class UserCorrectionData(TypedDict):
    """What an agent said, and what its user made of it."""

    original_output: str
    """What the agent said. Searched by `q`."""
    corrected_output: str
    """What it was corrected to; may be empty. Searched by `q`."""
    correction_type: Text
    """The kind of correction."""
    agent: Text
    """The agent that was corrected."""
    task_type: NotRequired[str]
    """What the agent was at."""
    correction_category: NotRequired[str]
    """A finer kind, in the client's own words."""
    user_feedback: NotRequired[str | None]
    """The user's own words. Searched by `q`."""
    severity: NotRequired[Literal["minor", "moderate", "critical"]]
    """How bad the mistake was."""
    pattern_matched: NotRequired[str | None]
    """The known mistake it repeats."""


@with_config(open_object(examples=[CONTEXT]))
class Context(TypedDict, total=False):
    """Where and for whom it happened."""

    project_name: str
    """The project; counts and summaries are kept by it."""
    session_id: str
    """The agent's session."""
    user_id: str | None
    """The person it worked for."""
    environment: Literal["development", "staging", "production"]
    """Where it worked."""
    git_branch: str | None
    """The branch it worked on."""
    git_commit: str | None
    """The commit it worked on."""
    timestamp: Timestamp
    """A time of the client's own, as posted."""
    tags: list[str]
    """Found by the filters `tags` and `any_tags`."""
    metadata: dict[str, Any]
    """Whatever else the client wants to keep."""
