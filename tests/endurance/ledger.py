"""What a writer knows of its own patterns, to hold a store against."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Document = dict[str, Any]
"""A pattern as the API returns it."""


class State(NamedTuple):
    """A pattern at a revision; `seq` is None where no answer has told it."""

    content: Document
    revision: int
    seq: int | None = None

    def is_in(self, document: Document) -> bool:
        """Whether a pattern that was read is this state, whole."""
        content, stored = content_of(document), document["stored"]
        return (
            content == self.content
            and stored["revision"] == self.revision
            and self.seq in (None, stored["seq"])
        )


def content_of(document: Document) -> Document:
    """A pattern without what the server adds."""
    return {name: value for name, value in document.items() if name != "stored"}


def state_of(document: Document) -> State:
    """The state that an answer tells of."""
    stored = document["stored"]
    return State(content_of(document), stored["revision"], stored["seq"])


@dataclass
class Found:
    """What a store gave back: each line for an id, and the ids it says were deleted."""

    patterns: defaultdict[str, list[Document]] = field(default_factory=lambda: defaultdict(list))
    deleted: set[str] = field(default_factory=set)


class Ledger:
    """For each id the states it may be in: one where a write was acknowledged, more where one
    was sent and not answered. None means that it is not there."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self._possible: dict[str, list[State | None]] = {}
        self._due: set[str] = set()
        self._deleted: set[str] = set()

    def __contains__(self, pattern_id: str) -> bool:
        return pattern_id in self._possible

    def present(self) -> Mapping[str, State]:
        """What is certainly there, and stays unless its writer deletes it."""
        return {
            name: states[0]
            for name, states in self._possible.items()
            if len(states) == 1 and states[0] is not None
        }

    def sent(self, pattern_id: str, state: State | None, *, due: bool = False) -> None:
        """A write is on its way; what is `due` may be deleted by retention at any time."""
        self._possible.setdefault(pattern_id, [None]).append(state)
        if due:
            self._due.add(pattern_id)

    def answered(self, pattern_id: str, state: State | None) -> None:
        """A write was acknowledged."""
        self.acknowledged += 1
        if state is None:
            self._deleted.add(pattern_id)
        self._settle(pattern_id, state)

    def refused(self, pattern_id: str) -> None:
        """The write under way was answered with an error: it must not be there."""
        self._possible[pattern_id].pop()

    def forget_deletions(self, besides: Iterable[str]) -> None:
        """The store may forget deletions but of some; what was deleted stays so."""
        self._deleted &= {*besides}

    def problems(self, found: Found) -> Iterable[str]:
        """What is lost or doubled; from here on, what was found is what must stay."""
        for pattern_id, states in self._possible.items():
            lines = found.patterns.get(pattern_id, [])
            document = lines[-1] if lines else None
            if len(lines) > 1:
                yield f"doubled: {pattern_id} is there {len(lines)} times"
            if not any(_agrees(state, document) for state in states):
                yield f"lost: {pattern_id} should be one of {states}, but is {document}"
            forgotten = pattern_id in self._deleted and pattern_id not in found.deleted
            if document is None and forgotten:
                yield f"lost: that {pattern_id} was deleted"
            self._settle(pattern_id, None if document is None else state_of(document))

    def _settle(self, pattern_id: str, state: State | None) -> None:
        may_go = pattern_id in self._due and state is not None
        self._possible[pattern_id] = [state, None] if may_go else [state]


def _agrees(state: State | None, document: Document | None) -> bool:
    if state is None or document is None:
        return state is None and document is None
    return state.is_in(document)
