"""Which group a variant belongs to, by all decisions that count.

Groups that were merged form a forest: each points to the one it went into, and the root is the
group they are. Decisions are played back in their order, so that undoing one leaves what the
others come to without it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.storage.learned import GROUP_PREFIX, Decision, Decisions, Origin


def undoings(decisions: Sequence[Decision]) -> dict[int, int]:
    """What is undone, by its number, and by which decision; undoing an undo brings it back."""
    undone: dict[int, int] = {}
    for decision in reversed(decisions):
        if decision.kind == Decisions.UNDO and decision.number not in undone:
            undone[decision.content["decision"]] = decision.number
    return undone


def counting(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions, in their order, that are not undone, but for those that undo others."""
    undone = undoings(decisions)
    return [
        decision
        for decision in decisions
        if decision.kind != Decisions.UNDO and decision.number not in undone
    ]


@dataclass(slots=True)
class _Forest:
    """What the decisions come to that reach one project."""

    variants: dict[str, str] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    split_off: set[str] = field(default_factory=set)

    def play(self, decision: Decision) -> None:
        content = decision.content
        match decision.kind:
            case Decisions.MERGE if self.root(content["into"]) != content["group_id"]:
                self.merged[content["group_id"]] = content["into"]
            case Decisions.SPLIT:
                self.variants |= dict.fromkeys(content["variants"], content["new_group_id"])
                self.split_off.add(content["new_group_id"])
            case Decisions.INHERIT:  # what a split has made goes when that is undone
                self.variants |= {
                    variant: group_id
                    for variant, group_id in content["variants"].items()
                    if group_id in self.split_off
                }
                self.fingerprints |= content["fingerprints"]

    def root(self, group_id: str) -> str:
        while group_id in self.merged:
            group_id = self.merged[group_id]
        return group_id

    def of_fingerprint(self, fingerprint: str) -> str:
        """The group of a fingerprint before any merging."""
        return self.fingerprints.get(fingerprint, GROUP_PREFIX + fingerprint)


class Grouping:
    """The groups under some decisions, each of which is known to be whole."""

    def __init__(self, decisions: Iterable[Decision]) -> None:
        self._decisions = [*decisions]
        self._particular = {name for decision in self._decisions for name in decision.projects}
        self._forests: dict[str | None, _Forest] = {}

    def group_of(self, project_name: str, variant: str, fingerprint: str) -> str:
        """The group of a variant."""
        forest = self._forest(project_name)
        return forest.root(forest.variants.get(variant) or forest.of_fingerprint(fingerprint))

    def origin(self, project_name: str, variant: str, fingerprint: str) -> Origin:
        """Where a variant would belong without any merging."""
        forest = self._forest(project_name)
        apart = forest.variants.get(variant, "")
        everywhere = self._forest(None).variants.get(variant, "") == apart
        return Origin(
            forest.of_fingerprint(fingerprint), apart, None if everywhere else project_name
        )

    def current(self, group_id: str, projects: Sequence[str] = ()) -> str:
        """The group that one has gone into in the first of some projects, or everywhere."""
        return self._forest(projects[0] if projects else None).root(group_id)

    def _forest(self, project_name: str | None) -> _Forest:
        """That of a project; all without decisions of their own share that of None."""
        name = project_name if project_name in self._particular else None
        if name not in self._forests:
            forest = _Forest()
            for decision in self._decisions:
                if not decision.projects or name in decision.projects:
                    forest.play(decision)
            self._forests[name] = forest
        return self._forests[name]
