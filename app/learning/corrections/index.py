"""The corrections of a store: which of them an output needs again, and which recur."""

import heapq
import math
from array import array
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from app.learning.corrections.hunks import Hunk, unpacked
from app.learning.corrections.likeness import Likeness, Output, likeness, seeds_of
from app.learning.corrections.recurring import recurring
from app.learning.postings import Postings

LEAST_SCORE = 0.48
"""What is less like a mistake is not told, unless it is asked for."""

MOST_EXAMPLES = 4
"""Of corrections that ask the same in one project, those compared; the others are counted."""

_MOST_COMPARED = 48
_SAME_AGENT = 0.05
_SAME_TASK_TYPE = 0.03


@dataclass(frozen=True, slots=True)
class Correction:
    """What is remembered of one, under the number that its pattern has now.

    Its `timestamp` is in microseconds since the epoch.
    """

    seq: int
    pattern_id: str
    timestamp: int
    project: str
    agent: str
    task_type: str | None
    correction_type: str
    category: str | None
    packed: bytes
    """Hunks, beside the type and the category."""

    @property
    def hunks(self) -> list[Hunk]:
        """What it changed; packed until then, in a fifth of the memory. Raises as `unpacked`."""
        return unpacked(self.packed, self.correction_type, self.category)


@dataclass(frozen=True, slots=True)
class Repeated:
    """A correction to what an output seems to repeat; `times`: how often that was asked in all.

    `key` is that of the difference it is about.
    """

    correction: Correction
    key: int
    score: float
    likeness: Likeness
    same_agent: bool
    same_task_type: bool
    times: int


class _Example(NamedTuple):
    correction: Correction
    key: int

    @property
    def hunk(self) -> Hunk:
        return next(hunk for hunk in self.correction.hunks if hunk.key == self.key)


class _Asked:
    """The corrections of one project that ask the same, by `seq`; the first few are `examples`."""

    __slots__ = ("examples", "seqs")

    def __init__(self) -> None:
        self.seqs = array("Q")
        self.examples: tuple[int, ...] = ()


class CorrectionIndex:
    """The corrections of a store, as far as it takes to tell what repeats them.

    What it finds depends on what it holds alone, not on how that came in. Not for several threads
    at once.
    """

    def __init__(self) -> None:
        self._corrections: dict[int, Correction] = {}
        self._asked: dict[int, dict[str, _Asked]] = {}
        self._examples: dict[int, _Example] = {}
        self._postings = Postings()
        self._next = 0

    def __len__(self) -> int:
        return len(self._corrections)

    def __contains__(self, seq: object) -> bool:
        return seq in self._corrections

    def add(self, correction: Correction) -> None:
        """Remember one that is not there. Raises as `unpacked` does, before it changes anything."""
        hunks = correction.hunks
        self._corrections[correction.seq] = correction
        for hunk in hunks:
            by_project = self._asked.setdefault(hunk.key, {})
            asked = by_project.setdefault(correction.project, _Asked())
            insort(asked.seqs, correction.seq)
            self._choose_examples(hunk.key, asked)

    def remove(self, seq: int) -> None:
        """Forget one, if it is there."""
        correction = self._corrections.get(seq)
        if correction is None:
            return
        for hunk in correction.hunks:
            by_project = self._asked[hunk.key]
            asked = by_project[correction.project]
            del asked.seqs[bisect_left(asked.seqs, seq)]
            self._choose_examples(hunk.key, asked)
            if not asked.seqs:
                del by_project[correction.project]
            if not by_project:
                del self._asked[hunk.key]
        del self._corrections[seq]

    def search(
        self,
        output: str,
        *,
        agent: str | None = None,
        task_type: str | None = None,
        projects: Collection[str] | None = None,
        limit: int = 5,
        least: float = LEAST_SCORE,
    ) -> list[Repeated]:
        """The corrections to what an output repeats, the likeliest first, each request once.

        `projects`: those to look in; None: all. `agent` and `task_type` decide where the score
        hardly does.
        """
        read = Output(output, self._postings.tokens())
        found = [
            self._compared(example, read, agent, task_type)
            for example in self._candidates(read, projects)
        ]
        found = [repeated for repeated in found if repeated.score >= least]
        found.sort(key=lambda repeated: (-repeated.score, -repeated.correction.seq))
        told: set[int] = set()
        answer = []
        for repeated in found:
            key, seq = repeated.key, repeated.correction.seq
            if not {~key, seq} & told:
                answer.append(replace(repeated, times=self._times(key, projects)))
            told |= {~key, seq}
        return answer[:limit]

    def recurring(self, seqs: Iterable[int], least: int = 2) -> list[tuple[int, list[Correction]]]:
        """Of some corrections, those that ask the same, at least so many; the most first.

        With each list, in the order of their numbers, the key of what the last of it asks.
        """
        held = (self._corrections.get(seq) for seq in seqs)
        hunks = {each.seq: each.hunks for each in held if each is not None}
        return [
            (key, [self._corrections[seq] for seq in same]) for key, same in recurring(hunks, least)
        ]

    def _candidates(self, read: Output, projects: Collection[str] | None) -> list[_Example]:
        """The examples that have the most and the rarest seeds in common with what was read."""
        scores: dict[int, float] = {}
        for feature in sorted(read.places):
            numbers = [
                number
                for number in self._postings[feature]
                if projects is None or self._examples[number].correction.project in projects
            ]
            for number in numbers:
                scores[number] = scores.get(number, 0.0) + 1 / (1 + math.log(len(numbers)))
        best = heapq.nsmallest(
            _MOST_COMPARED,
            scores,
            key=lambda number: (-scores[number], -self._examples[number].correction.seq),
        )
        return [self._examples[number] for number in best]

    def _compared(
        self, example: _Example, read: Output, agent: str | None, task_type: str | None
    ) -> Repeated:
        correction, hunk = example.correction, example.hunk
        alike = likeness(hunk, read.window(hunk))
        same_agent = correction.agent == agent
        same_task_type = task_type is not None and correction.task_type == task_type
        bonus = 1 + _SAME_AGENT * same_agent + _SAME_TASK_TYPE * same_task_type
        score = min(1.0, alike.score * bonus)
        return Repeated(correction, example.key, score, alike, same_agent, same_task_type, times=1)

    def _times(self, key: int, projects: Collection[str] | None) -> int:
        return sum(
            len(asked.seqs)
            for project, asked in self._asked[key].items()
            if projects is None or project in projects
        )

    def _choose_examples(self, key: int, asked: _Asked) -> None:
        """Have the earliest of those that ask the same be the examples."""
        chosen = asked.seqs[:MOST_EXAMPLES]
        shown = {self._examples[number].correction.seq: number for number in asked.examples}
        for seq in shown.keys() - set(chosen):
            number = shown.pop(seq)
            self._postings.remove(number, seeds_of(self._examples.pop(number).hunk))
        for seq in chosen:
            if seq not in shown:
                number = self._next
                self._next += 1
                shown[seq] = number
                example = self._examples[number] = _Example(self._corrections[seq], key)
                self._postings.add(number, seeds_of(example.hunk))
        asked.examples = tuple(shown.values())
