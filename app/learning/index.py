"""Known errors, and which of them are most like another.

A question is answered in two steps. An inverted index gives the candidates: those that have most
of the question's rare words. They alone are then compared carefully (`app.learning.alignment`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.learning.alignment import FRAMES, MESSAGE, TYPE, Agreement, Question
from app.learning.confidence import place_of
from app.learning.features import Features
from app.learning.postings import WeightedPostings

MOST_COMPARED = 50
"""Candidates that are compared carefully."""

MOST_READ = 10_000
"""Entries of the inverted index that a question reads, which takes some 2 ms."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A known error. `group` names what it stands for; a group may have several exemplars.

    Its features stay packed, in a sixth of the memory, until they are compared.
    """

    key: str
    group: str
    packed: bytes

    @property
    def features(self) -> Features:
        """What is compared."""
        features = Features.from_bytes(self.packed)
        assert features is not None, "those of another version are not taken in"
        return features


@dataclass(frozen=True, slots=True)
class Match:
    """A group, by that exemplar of it which agrees most with the question.

    `functions` is how many of the application's functions both have in their traces.
    """

    key: str
    group: str
    agreement: Agreement
    functions: int


class ErrorIndex:
    """Exemplars of groups of errors, in memory.

    It has no lock: what changes it must not run while something else changes or asks it. Questions
    alone may be asked by several threads at once.
    """

    def __init__(self) -> None:
        self._postings = WeightedPostings()
        self._exemplars: dict[int, Exemplar] = {}
        self._numbers: dict[str, int] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, key: object) -> bool:
        return key in self._numbers

    def add(self, exemplar: Exemplar) -> None:
        """Know an error by its features, unless they are of another version.

        One that is known under its key already, is forgotten.
        """
        self.remove(exemplar.key)
        features = Features.from_bytes(exemplar.packed)
        if features is None:
            return
        number = self._free.pop() if self._free else len(self._exemplars)
        self._numbers[exemplar.key] = number
        self._exemplars[number] = exemplar
        self._postings.add(number, _tokens(features))

    def remove(self, key: str) -> None:
        """Forget an error; one that is not known is forgotten already."""
        number = self._numbers.pop(key, None)
        if number is not None:
            self._postings.remove(number, _tokens(self._exemplars.pop(number).features))
            self._free.append(number)

    def exemplars(self) -> Iterable[Exemplar]:
        """All that is known."""
        return self._exemplars.values()

    def nearest(self, asked: Features, limit: int) -> list[Match]:
        """The groups most like an error, at most `limit` and at most `MOST_COMPARED`, best first.

        The same errors give the same answer, in whatever order they came to be known.
        """
        question = Question(asked, self._postings)
        best: dict[str, tuple[Agreement, Exemplar]] = {}
        for exemplar in self._candidates(asked, question):
            found = question.agreement(exemplar.features), exemplar
            known = best.get(exemplar.group)
            if known is None or _rank(found) < _rank(known):
                best[exemplar.group] = found
        return [
            Match(known.key, known.group, agreement, question.functions_in(known.features))
            for agreement, known in sorted(best.values(), key=_rank)[:limit]
        ]

    def _candidates(self, asked: Features, question: Question) -> Iterator[Exemplar]:
        gains = {asked.type: TYPE}
        for share, field in ((FRAMES, question.frames), (MESSAGE, question.message)):
            for token, weight in field.weights.items():
                gains[token] = share * weight / field.total
        gained = self._postings.best(gains, MOST_COMPARED, MOST_READ)
        found = [(-gain, self._exemplars[number]) for number, gain in gained.items()]
        found.sort(key=lambda candidate: (candidate[0], candidate[1].key))
        return (exemplar for _, exemplar in found[:MOST_COMPARED])


def _rank(found: tuple[Agreement, Exemplar]) -> tuple[int, float, str]:
    agreement, exemplar = found
    return place_of(agreement.confidence), -agreement.score, exemplar.key


def _tokens(features: Features) -> set[int]:
    fields = (features.frames, features.message, features.library)
    return {features.type, *(token for field in fields for token in field.tokens)}
