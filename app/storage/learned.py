"""The contract's second half: what is decided about errors, and what is learned from them.

Decisions are truth, as patterns are: a journal that only grows. All else here is derived from
patterns and decisions, and made anew where it is lost. Deriving is the learner's work, outside
the storage: it reads changes, and hands back of each error its variant; the storage keeps that
for as long as the pattern is in that state, and tells which group the variant belongs to.

A variant is of one project. Its group is `err-` and its fingerprint, unless decisions say
otherwise; these reach the projects they were made in, or all. What is asked by filters is
answered as if the store held nothing besides the projects they name.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from app.schemas.filters import Filters

GROUP_PREFIX = "err-"
"""How the ids of groups begin."""


class Decisions(StrEnum):
    """The kinds of decisions, and what their `content` holds.

    Kinds that are not among these are kept, and have no effect.
    """

    MERGE = "merge"
    """`group_id`, and the group that all of it goes `into`, from now on."""
    SPLIT = "split"
    """`variants` that become a group of their own, `new_group_id`; they were of `group_id`."""
    INHERIT = "inherit"
    """Group ids by `fingerprints`, and of groups split off by `variants`: what another version of
    the algorithm finds takes over the groups there are."""
    OUTCOME = "outcome"
    """Whether a `resolution` of a `group_id` has `worked`."""
    UNDO = "undo"
    """The number of a `decision` that counts no more, unless this one is itself undone."""


CONTENTS: Mapping[str, Mapping[str, type]] = {
    Decisions.MERGE: {"group_id": str, "into": str},
    Decisions.SPLIT: {"group_id": str, "new_group_id": str, "variants": list},
    Decisions.INHERIT: {"fingerprints": dict, "variants": dict},
    Decisions.OUTCOME: {"group_id": str, "resolution": str, "worked": bool},
    Decisions.UNDO: {"decision": int},
}
"""What a decision holds at least, by kind."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A decision to make: in some `projects`, or in all if none are named.

    Of several under one `key` the first is made.
    """

    kind: str
    content: Mapping[str, Any]
    projects: tuple[str, ...] = ()
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it was made, at a time in microseconds since the epoch, after a change."""

    number: int
    at: int
    after_seq: int
    kind: str
    content: Mapping[str, Any]
    projects: tuple[str, ...] = ()
    key: str | None = None

    def checked(self) -> "Decision":
        """Itself, known to hold what its kind asks for. Raises ValueError."""
        members = CONTENTS.get(self.kind, {})
        for name, kind in members.items():
            if not isinstance(self.content.get(name), kind):
                raise ValueError(f"{self.kind} needs {name}")
        return self


class VariantName(NamedTuple):
    """What names a variant."""

    project_name: str
    variant: str


@dataclass(frozen=True, slots=True)
class LearnedError:
    """What was learned of the state of an error that a `seq` names.

    `fingerprint` and `variant` are of the algorithm's `version`. `parts` (JSON) say what the
    group has in common, `features` are what an index compares. `resolution` is a hash of the
    one it carries; `auto_resolved` says that it was resolved, with or without one.
    """

    seq: int
    variant: str
    fingerprint: str
    version: int
    title: str
    parts: str
    features: bytes
    resolution: str | None = None
    auto_resolved: bool = False

    @property
    def is_solved(self) -> bool:
        """Whether it tells of a way out."""
        return self.resolution is not None or self.auto_resolved


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant that occurs, and its group; `number` names it in this store."""

    number: int
    name: VariantName
    fingerprint: str
    version: int
    group_id: str
    title: str
    parts: str
    features: bytes


@dataclass(frozen=True, slots=True)
class LearnedCorrection:
    """A correction in the state that a `seq` names, and what was learned of it.

    Its `timestamp` is in microseconds; `hunks` are what it changed, packed by whoever learned it.
    """

    seq: int
    pattern_id: str
    timestamp: int
    project_name: str
    agent: str
    task_type: str | None
    correction_type: str
    category: str | None
    hunks: bytes


@dataclass(frozen=True, slots=True)
class Learning:
    """How far errors are learned: all changes up to `through`, by the algorithm's `version`."""

    through: int
    version: int


class GroupStatus(StrEnum):
    """Where a group stands.

    It is resolved once an occurrence tells of a way out, or a resolution it has was reported to
    have worked; what is received after the latest of these and tells of none makes it regressed.
    """

    OPEN = "open"
    RESOLVED = "resolved"
    REGRESSED = "regressed"


class GroupOrder(StrEnum):
    """What comes first: seen last, seen most, or new."""

    RECENT = "recent"
    FREQUENT = "frequent"
    FIRST_SEEN = "first_seen"


class GroupPosition(NamedTuple):
    """A place in an order of groups: a time or a count, and then the id."""

    value: int
    group_id: str


LISTED = 100
"""How many names, and how many days, a group is told with at most: the latest days."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group as its occurrences that match are; times in microseconds since the epoch.

    `title` and `error_type` are those of the latest. `days` are (day, occurrences). Where
    `resolution_known`, one can be read. This and `status` are of all its occurrences in the
    projects that are asked for.
    """

    group_id: str
    title: str
    error_type: str
    count: int
    first_seen: int
    last_seen: int
    agents: list[str]
    projects: list[str]
    days: list[tuple[int, int]]
    resolution_known: bool
    status: GroupStatus

    def position(self, order: GroupOrder) -> GroupPosition:
        """Its place in an order."""
        values = {
            GroupOrder.RECENT: self.last_seen,
            GroupOrder.FREQUENT: self.count,
            GroupOrder.FIRST_SEEN: self.first_seen,
        }
        return GroupPosition(values[order], self.group_id)


@dataclass(frozen=True, slots=True)
class GroupPage:
    """A run of groups, and whether more follow."""

    groups: list[Group]
    more: bool


class Source(StrEnum):
    """What tells of a resolution: an error that carries it, one that was resolved by itself, or
    a report."""

    CARRIED = "carried"
    AUTO_RESOLVED = "auto_resolved"
    OUTCOME = "outcome"


class Evidence(NamedTuple):
    """One thing that tells for a resolution, or against it, at a time in microseconds."""

    at: int
    worked: bool
    source: Source


EVIDENCE = 1000
"""How much of the evidence is told, the latest."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A resolution of a group: its hash, and its text as the latest error has it that carries it.

    `occurrences` carry it; `evidence` is the latest first.
    """

    group_id: str
    resolution: str
    text: str
    pattern_id: str
    occurrences: int
    last_at: int
    evidence: list[Evidence] = field(default_factory=list)


class Membership(NamedTuple):
    """The variant and the group of one error."""

    variant: str
    group_id: str


class Origin(NamedTuple):
    """Where one error would belong without any merging.

    `group_id` is that of its fingerprint; `apart` the group that its variant was put in by itself,
    or empty, and `project_name` where it was: None is everywhere.
    """

    group_id: str
    apart: str
    project_name: str | None


class LearnedStorage(ABC):
    """What a store keeps of decisions and of learning."""

    # Decisions.

    @abstractmethod
    async def decide(self, proposal: Proposal, at: int) -> tuple[Decision, bool]:
        """Make a decision at a time (microseconds), durably; whether it is a new one.

        It has its effect on groups when this returns.
        """

    @abstractmethod
    async def decision(self, number: int, filters: Filters) -> Decision | None:
        """The decision with this number, as `decisions` tells it."""

    @abstractmethod
    async def decisions(
        self,
        filters: Filters,
        *,
        after: int,
        limit: int,
        kinds: Collection[str] = (),
        newest_first: bool = False,
    ) -> list[Decision]:
        """The next decisions by number, at most `limit`, of some kinds if any are named.

        Where the filters name projects, those that reach no other.
        """

    @abstractmethod
    async def undone(self) -> Mapping[int, int]:
        """The decisions that are undone, by number, each with the one that undoes it."""

    @abstractmethod
    async def restore_decisions(self, decisions: Sequence[Decision]) -> None:
        """Take over decisions of another store as they are; those there already stay."""

    # Learning.

    @abstractmethod
    async def learning(self) -> Learning | None:
        """How far errors are learned, None before anything is."""

    @abstractmethod
    async def learn(self, errors: Sequence[LearnedError], progress: Learning) -> list[VariantName]:
        """Keep what was learned, in one transaction, and how far errors are learned by it.

        Errors that have changed or gone since are passed over. Returns the variants that no
        longer occur, each once: those that vanished since this was last called.
        """

    @abstractmethod
    async def variants(self, *, after: int, limit: int) -> list[Variant]:
        """The next variants by number, at most `limit`."""

    @abstractmethod
    async def find_variants(
        self, names: Collection[VariantName], filters: Filters
    ) -> list[Variant]:
        """Those of some variants that occur, in the projects of the filters."""

    @abstractmethod
    async def origins(self, seqs: Collection[int]) -> dict[int, Origin]:
        """The origins of those of some errors that are learned, by their `seq`."""

    @abstractmethod
    async def corrections_learned_by(self) -> int | None:
        """The version of the algorithm that corrections are learned by, None before any is."""

    @abstractmethod
    async def learn_corrections(
        self, corrections: Sequence[LearnedCorrection], version: int
    ) -> None:
        """Keep what was learned by a version, in one transaction, instead of what was there.

        Corrections that have changed or gone since are passed over. What another version learned
        is forgotten.
        """

    @abstractmethod
    async def learned_corrections(self, *, after: int, limit: int) -> list[LearnedCorrection]:
        """The next corrections by `seq` that are learned, at most `limit`."""

    @abstractmethod
    async def correction_seqs(self) -> Sequence[int]:
        """The `seq` of every correction there is, learned or not, in order."""

    # Groups.

    @abstractmethod
    async def groups(
        self,
        filters: Filters,
        *,
        order: GroupOrder,
        limit: int,
        status: GroupStatus | None = None,
        after: GroupPosition | None = None,
    ) -> GroupPage:
        """The next groups of which occurrences match, the greatest first, with what these say.

        What is written takes a moment to be learned, and counts from then on.
        """

    @abstractmethod
    async def current_group(self, group_id: str, filters: Filters) -> str:
        """The id of the group that a group has gone into by decisions; else its own."""

    @abstractmethod
    async def group_variants(self, group_id: str, filters: Filters) -> list[Variant]:
        """The variants of a group, by number, in the projects of the filters."""

    @abstractmethod
    async def memberships(
        self, pattern_ids: Collection[str], filters: Filters
    ) -> dict[str, Membership]:
        """Where those of some patterns belong that are learned, by their ids."""

    @abstractmethod
    async def resolutions(self, group_ids: Collection[str], filters: Filters) -> list[Resolution]:
        """The resolutions that errors of some groups carry, in the projects of the filters.

        Those that the most carry come first. Outcomes count where they were reported in these
        projects, or in any if the filters name none.
        """
