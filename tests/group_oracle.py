"""What groups of errors come to, by plain loops over all errors and all decisions.

Nothing of the storage's own grouping is used here, so that both can be held against each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.storage.learned import Decision


@dataclass(frozen=True)
class Occurrence:
    """An error as it is now, and what was learned of it; `resolution` is its text."""

    pattern_id: str
    seq: int
    received_at: int
    timestamp: int
    project: str
    fingerprint: str
    variant: str
    resolution: str | None
    auto_resolved: bool

    @property
    def is_solved(self) -> bool:
        return self.resolution is not None or self.auto_resolved


@dataclass
class Told:
    """What must be told of a group; `resolutions` by text: errors that have it, and reports."""

    errors: set[str] = field(default_factory=set)
    first_seen: int = 2**63
    last_seen: int = -(2**63)
    status: str = "open"
    resolutions: dict[str, tuple[int, int, int]] = field(default_factory=dict)


def groups_of(
    occurrences: Iterable[Occurrence], decisions: list[Decision], projects: set[str] | None = None
) -> dict[str, Told]:
    """The groups of some projects, or of all."""
    counting = [each for each in decisions if is_counting(each, decisions)]
    members: dict[str, list[Occurrence]] = {}
    for one in occurrences:
        if projects is None or one.project in projects:
            members.setdefault(group_of(one, counting), []).append(one)
    return {group: _told(group, found, counting, projects) for group, found in members.items()}


def is_counting(decision: Decision, decisions: list[Decision]) -> bool:
    """Whether nobody undid it, or only somebody who was undone."""
    return not any(
        other.kind == "undo"
        and other.content["decision"] == decision.number
        and is_counting(other, decisions)
        for other in decisions
    )


def group_of(one: Occurrence, counting: list[Decision]) -> str:
    """The group of an error."""
    there = [each for each in counting if not each.projects or one.project in each.projects]
    group = f"err-{one.fingerprint}"
    for decision in there:
        if decision.kind == "split" and one.variant in decision.content["variants"]:
            group = decision.content["new_group_id"]
    return gone_into(group, there)


def gone_into(group: str, there: list[Decision]) -> str:
    """The group that one is after the merges among some decisions."""
    into: dict[str, str] = {}
    for decision in there:
        if decision.kind == "merge":
            source, target = decision.content["group_id"], decision.content["into"]
            if _end(target, into) != source:
                into[source] = target
    return _end(group, into)


def _end(group: str, into: dict[str, str]) -> str:
    while group in into:
        group = into[group]
    return group


def _told(
    group: str, found: list[Occurrence], counting: list[Decision], projects: set[str] | None
) -> Told:
    told = Told()
    for one in found:
        told.errors.add(one.pattern_id)
        told.first_seen = min(told.first_seen, one.timestamp)
        told.last_seen = max(told.last_seen, one.timestamp)
    reports = [
        each
        for each in counting
        if each.kind == "outcome"
        and _reported_of(each, counting) == group
        and _is_seen(each, projects)
    ]
    texts = {one.resolution for one in found if one.resolution is not None}
    for text in texts:
        worked = [each.content["worked"] for each in reports if each.content["resolution"] == text]
        carriers = sum(one.resolution == text for one in found)
        told.resolutions[text] = (carriers, worked.count(True), worked.count(False))
    ways_out = [(one.seq, one.received_at) for one in found if one.is_solved]
    ways_out += [
        (each.after_seq, each.at)
        for each in reports
        if each.content["worked"] and each.content["resolution"] in texts
    ]
    if ways_out:
        seq, at = max(ways_out)
        again = any(not one.is_solved and one.seq > seq and one.received_at >= at for one in found)
        told.status = "regressed" if again else "resolved"
    return told


def _reported_of(report: Decision, counting: list[Decision]) -> str:
    there = [
        each
        for each in counting
        if not each.projects or (report.projects and report.projects[0] in each.projects)
    ]
    return gone_into(report.content["group_id"], there)


def _is_seen(report: Decision, projects: set[str] | None) -> bool:
    return projects is None or (bool(report.projects) and set(report.projects) <= projects)
