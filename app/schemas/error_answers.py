"""What the API answers about groups of errors and decisions: the shapes of its JSON bodies."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from app.schemas.answers import DateTime
from app.schemas.patterns import StoredPattern

Status = Annotated[
    Literal["open", "resolved", "regressed"],
    Field(
        description="Resolved: a way out is known, by an occurrence or by a report. Regressed: "
        "it came in again after that, without one."
    ),
]


class DayOccurrences(TypedDict):
    """How many errors happened on a UTC day."""

    day: str
    count: int


class ErrorGroup(TypedDict):
    """Errors that are one, as those of them that pass the filters are."""

    group_id: str
    title: Annotated[str, Field(description="What it is, in a line: that of the latest.")]
    error_type: str
    count: int
    first_seen: DateTime
    last_seen: DateTime
    agents: Annotated[list[str], Field(description="At most 100.")]
    projects: Annotated[list[str], Field(description="At most 100.")]
    days: Annotated[list[DayOccurrences], Field(description="The latest 100 with any.")]
    resolution_known: Annotated[
        bool, Field(description="Whether it can be read what fixed it, whatever the filters.")
    ]
    status: Status


class ErrorGroupPage(TypedDict):
    """A page of groups. Only a null `next_cursor` means the end."""

    items: list[ErrorGroup]
    next_cursor: str | None


class ResolutionEvidence(TypedDict):
    """What tells for a resolution and against it: of the latest 1,000 things that do."""

    carried: Annotated[int, Field(description="Errors it was written into.")]
    auto_resolved: Annotated[int, Field(description="Errors that were resolved by themselves.")]
    worked: Annotated[int, Field(description="Reports that it worked.")]
    failed: Annotated[int, Field(description="Reports that it did not.")]


class GroupResolution(TypedDict):
    """What fixed an error of the group."""

    resolution_id: str
    resolution: str
    pattern_id: Annotated[str, Field(description="The latest error that has it.")]
    occurrences: Annotated[int, Field(description="How many errors have it.")]
    last_seen: DateTime
    evidence: ResolutionEvidence


Share = Annotated[float, Field(ge=0, le=1)]


class ResolutionBasis(TypedDict):
    """What a candidate's score rests on; null where the question does not say."""

    frames: Annotated[Share | None, Field(description="How far the application's frames agree.")]
    functions_shared: Annotated[int, Field(description="Functions of it in both traces.")]
    message: Annotated[Share | None, Field(description="How far the messages agree.")]
    type: Annotated[bool, Field(description="Whether the types are the same.")]
    library: Annotated[
        Share | None, Field(description="How far the libraries' frames agree that lead to it.")
    ]
    project: Annotated[bool | None, Field(description="Whether it is of the same project.")]
    outcomes: Annotated[
        Share,
        Field(
            description="How surely it works: the lower bound of Wilson's interval over what is "
            "known of it, where what is 90 days old counts half."
        ),
    ]


class Outcomes(TypedDict):
    """What was reported of a resolution, of the latest 1,000 things that tell of it."""

    worked: int
    failed: int


class ResolutionCandidate(GroupResolution):
    """A resolution that may fix the error, and the group it is known from."""

    outcomes: Outcomes
    group_id: str
    title: Annotated[str, Field(description="What that group is, in a line.")]
    score: Annotated[Share, Field(description="For comparing; not a probability.")]
    confidence: Annotated[
        Literal["exact", "likely", "possible"],
        Field(description="How likely that group's errors have the cause of this one."),
    ]
    rests_on: ResolutionBasis


class KnownGroup(TypedDict):
    """The group an error is of."""

    group_id: str
    title: str


class ResolutionsFound(TypedDict):
    """What fixed errors like this one, the best first; empty where nothing is good enough."""

    candidates: list[ResolutionCandidate]
    group: Annotated[
        KnownGroup | None, Field(description="The group of the error; null if it is a new one.")
    ]


class Frame(TypedDict):
    """A function of a stack trace."""

    module: str
    function: str


class Agreement(TypedDict):
    """What all variants of a group have in common; null where they differ."""

    type: str | None
    message: Annotated[str | None, Field(description="Without its variable parts.")]
    frames: Annotated[
        list[Frame] | None, Field(description="Where it was raised, in the application's own code.")
    ]


class Decision(TypedDict):
    """What somebody decided about errors."""

    number: int
    at: DateTime
    after_seq: Annotated[int, Field(description="The store's latest change at that time.")]
    kind: Annotated[str, Field(description="merge, split, outcome, inherit or undo.")]
    projects: Annotated[list[str], Field(description="Where it holds; empty: everywhere.")]
    content: dict[str, Any]
    undone_by: Annotated[int | None, Field(description="The number of the decision that did.")]


class Why(TypedDict):
    """Why some errors are one group."""

    agree: Agreement
    variants: Annotated[
        int, Field(description="How many there are, by all of their frames and their chain.")
    ]
    decisions: Annotated[list[Decision], Field(description="Merges and splits that made it so.")]


class ErrorGroupDetail(ErrorGroup):
    """A group, what fixed it, why it is one, and a page of its errors."""

    resolutions: Annotated[list[GroupResolution], Field(description="Most frequent first.")]
    why: Why
    occurrences: list[StoredPattern]
    next_cursor: str | None


class DecisionPage(TypedDict):
    """A page of decisions. Only a null `next_cursor` means the end."""

    items: list[Decision]
    next_cursor: str | None


class DecisionMade(TypedDict):
    """A decision, and the group it made; null where that is not one."""

    decision: Decision
    group_id: str | None
