"""What the API answers besides patterns: the shapes of its JSON bodies."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from app.schemas.patterns import StoredPattern

DateTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class FieldProblem(TypedDict):
    """One thing to change; exactly one of `pointer`, `parameter` and `header` says where."""

    pointer: NotRequired[
        Annotated[str, Field(description="A JSON Pointer (RFC 6901) into the body.")]
    ]
    parameter: NotRequired[Annotated[str, Field(description="A query or path parameter.")]]
    header: NotRequired[Annotated[str, Field(description="A request header.")]]
    code: Annotated[str, Field(description="For programs: JSON Schema's keyword where one fits.")]
    detail: Annotated[str, Field(description="For people: what to change.")]


class Problem(TypedDict):
    """Why a request was not answered as wished: RFC 9457."""

    type: Annotated[str, Field(description="Which problem, as a URN; the README lists them.")]
    title: str
    status: int
    detail: str
    instance: Annotated[str, Field(description="The path that was asked for.")]
    errors: NotRequired[list[FieldProblem]]


class BatchError(TypedDict):
    """Why one item of a batch was not stored."""

    index: Annotated[int, Field(ge=0, description="The item's place, from 0; blank lines apart.")]
    pattern_id: str | None
    status: Annotated[int, Field(description="What a single POST of it would have answered.")]
    detail: str
    errors: list[FieldProblem]


class BatchCounts(TypedDict):
    """What became of a batch: received = stored + duplicates + rejected."""

    received: int
    stored: int
    duplicates: Annotated[
        int, Field(description="There before, with the same content or, with `skip`, another.")
    ]
    rejected: int
    past_retention: Annotated[
        int, Field(description="Stored, but so old that retention deletes them after their grace.")
    ]
    errors: Annotated[list[BatchError], Field(description="The first 1,000 rejections.")]
    errors_omitted: Annotated[int, Field(description="Rejections beyond those in `errors`.")]


class BatchProblem(Problem, BatchCounts):
    """A batch that broke off, and what had become of it by then."""

    errors: list[BatchError]  # type: ignore[misc]


class PatternPage(TypedDict):
    """A page of patterns. Only a null `next_cursor` means the end."""

    items: list[StoredPattern]
    next_cursor: str | None


class PatternCount(TypedDict):
    """How many patterns match. `gte`: at least so many; counting on would cost too much."""

    count: int
    relation: Literal["eq", "gte"]
    by_type: Annotated[dict[str, int], Field(description="By pattern type.")]


class DeletedPattern(TypedDict):
    """A line of an export: what a deleted pattern leaves behind."""

    pattern_id: str
    deleted: Literal[True]
    seq: int


ExportLine = TypeAliasType(
    "ExportLine",
    Annotated[
        StoredPattern | DeletedPattern,
        Field(description="A line of an export: a pattern or, with `deletes=true`, a deletion."),
    ],
)


class DeletionCounts(TypedDict):
    """How many patterns matched when the call began, and how many were deleted."""

    matched: int
    deleted: int


class ValidationResult(TypedDict):
    """Whether a pattern would be taken and, if not, what to change."""

    valid: bool
    errors: list[FieldProblem]


class Compression(TypedDict):
    """What compression saves; a ratio of 1 means nothing."""

    raw_bytes: int
    document_bytes: int
    ratio: float


class RetentionSettings(TypedDict):
    """How many days patterns are kept, by type; 0 keeps them for ever."""

    days: dict[str, int]
    grace_days: int
    max_patterns: Annotated[int, Field(description="The most to keep; 0 sets no limit.")]
    max_bytes: Annotated[
        int, Field(description="The most to keep in bytes of JSON, uncompressed; 0: no limit.")
    ]


class RetentionForecast(RetentionSettings):
    """The settings, and what a run at this moment would delete."""

    due: int
    due_by_type: dict[str, int]
    kept_by_grace: Annotated[
        int, Field(description="Patterns old enough, but received within the grace.")
    ]


class DayCount(TypedDict):
    """The patterns of one UTC day."""

    day: Annotated[str, Field(json_schema_extra={"format": "date"})]
    count: int
    by_type: dict[str, int]


class Statistics(TypedDict):
    """The store at a glance."""

    total: int
    by_type: dict[str, int]
    by_day: list[DayCount]
    oldest: DateTime | None
    newest: DateTime | None
    in_future: Annotated[int, Field(description="Patterns whose timestamp is still to come.")]
    last_seq: int
    size_bytes: Annotated[int, Field(description="What the store takes on disk.")]
    compression: Compression
    retention: RetentionForecast


class AgentDurations(TypedDict):
    """What `data.duration_ms` comes to, in milliseconds.

    `p50` and `p95`: so many percent took no longer. What is beyond 2^63-1 counts as that.
    """

    known: Annotated[int, Field(description="The patterns that have one.")]
    min: int
    p50: int
    p95: int
    max: int


class AgentResults(TypedDict):
    """How an agent does, by the patterns that name it."""

    agent: str
    patterns: int
    by_type: Annotated[dict[str, int], Field(description="By pattern type.")]
    succeeded: Annotated[int, Field(description="Patterns whose `data.success` is true.")]
    failed: Annotated[int, Field(description="Patterns whose `data.success` is false.")]
    success_rate: Annotated[
        float | None, Field(description="succeeded / (succeeded + failed); null without any.")
    ]
    duration_ms: Annotated[
        AgentDurations | None, Field(description="Null where no pattern has one.")
    ]


class AgentStatistics(TypedDict):
    """How agents do in a time, those that most patterns name first."""

    start_date: Annotated[DateTime | None, Field(description="From this time on; null: from ever.")]
    end_date: Annotated[DateTime | None, Field(description="Up to this time; null: without end.")]
    quantile_error: Annotated[
        float,
        Field(description="How far `p50` and `p95` may be off, as a share; all else is exact."),
    ]
    agents: list[AgentResults]
    agents_omitted: Annotated[int, Field(description="Agents beyond those in `agents`.")]


Share = Annotated[float, Field(ge=0, le=1)]


class Changed(TypedDict):
    """What a correction changed, at most 1,000 characters of each; several places are one."""

    removed: Annotated[str, Field(description="What stood there; empty: something was missing.")]
    added: Annotated[str, Field(description="What was wanted; empty: nothing.")]


class CorrectionBasis(TypedDict):
    """What a correction's score rests on."""

    wrong: Annotated[Share, Field(description="How much of what was removed the output has.")]
    around: Annotated[Share, Field(description="How much of what stood around that it has.")]
    corrected: Annotated[Share, Field(description="How much of what was added it has already.")]
    same_agent: bool
    same_task_type: bool


class CorrectionFound(TypedDict):
    """A correction that an output seems to need again."""

    score: Annotated[Share, Field(description="How likely; for comparing, not a probability.")]
    rests_on: CorrectionBasis
    times: Annotated[int, Field(ge=1, description="How many corrections asked for this change.")]
    change: Changed
    pattern: StoredPattern


class CorrectionsFound(TypedDict):
    """The corrections an output seems to need again, the likeliest first."""

    items: list[CorrectionFound]


class RecurringCorrection(TypedDict):
    """A change that users asked for again and again; of agents and the like the 100 most."""

    count: Annotated[int, Field(ge=2, description="How many corrections asked for it.")]
    first_seen: DateTime
    last_seen: DateTime
    agents: dict[str, int]
    correction_types: dict[str, int]
    correction_categories: dict[str, int]
    change: Annotated[Changed, Field(description="As the correction in `pattern` has it.")]
    pattern: Annotated[StoredPattern, Field(description="The one that was changed last.")]


class RecurringCorrections(TypedDict):
    """The changes users asked for most."""

    items: list[RecurringCorrection]
    items_omitted: Annotated[int, Field(description="Changes beyond those in `items`.")]


class RetentionRun(TypedDict):
    """What a run of retention deleted or, dry, would delete."""

    dry_run: bool
    patterns: int
    bytes_before: Annotated[int, Field(description="The store's size on disk before.")]
    bytes_after: Annotated[int, Field(description="The store's size on disk after.")]
    by_type: dict[str, int]
    by_day: dict[str, int]
    kept_by_grace: Annotated[
        int, Field(description="Patterns old enough, but received within the grace.")
    ]


class CompressionSettings(TypedDict):
    """After how many days patterns are compressed; 0: never."""

    after_days: int


class CompressionRun(TypedDict):
    """What a run of compression compressed or, dry, would compress."""

    dry_run: bool
    patterns: int
    bytes_before: Annotated[int, Field(description="The store's size on disk before.")]
    bytes_after: Annotated[int, Field(description="The store's size on disk after.")]
    by_type: dict[str, int]
    by_day: dict[str, int]


class NoSettings(TypedDict):
    """Nothing can be set but the interval."""


class TaskProgress(TypedDict):
    """How far a run is."""

    started_at: DateTime
    done: Annotated[int, Field(description="Patterns done.")]
    total: Annotated[int | None, Field(description="Patterns to do, once that is known.")]
    bytes: Annotated[int, Field(description="What the store takes on disk at this moment.")]
    eta_seconds: Annotated[float | None, Field(description="What is left, at the present rate.")]


class TaskRun(TypedDict):
    """A run that has ended; `error` where it failed."""

    started_at: DateTime
    ended_at: DateTime
    error: str | None
    result: dict[str, Any] | None


class _TaskState(TypedDict):
    interval_seconds: Annotated[float, Field(description="0: runs only by hand.")]
    next_run_at: DateTime | None
    running: TaskProgress | None
    last_run: TaskRun | None


class RetentionState(_TaskState):
    """The task that deletes what is past its retention."""

    settings: RetentionSettings


class CompressionState(_TaskState):
    """The task that compresses what is old."""

    settings: CompressionSettings


class SummariesState(_TaskState):
    """The task that summarises hours and days by agent, so that `/v1/stats/agents` is quick."""

    settings: NoSettings


class Lifecycle(TypedDict):
    """The background tasks, by name."""

    retention: RetentionState
    compression: CompressionState
    summaries: SummariesState


class TaskAccepted(TypedDict):
    """A run was begun; `GET /v1/lifecycle` shows it."""

    task: str
    state: Literal["started"]


class Health(TypedDict):
    """The service answers."""

    status: Literal["ok"]
