"""The same of the index that answers in the service, and how far its confidence can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.learning.alignment import Agreement
from app.learning.confidence import Confidence
from app.learning.features import features_of
from app.learning.index import ErrorIndex, Exemplar, Match
from tests.benchmarks.resolve.questions import MOST_ANSWERS, Answers, KnownError, bugs_seen_again


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to one question: those relied on say that they are exact or likely."""

    error: KnownError
    matches: list[Match]
    is_known: bool
    bugs: Mapping[str, str]

    def bug_of(self, match: Match) -> str:
        """The bug that a known error is of."""
        return self.bugs[match.key]

    def relied_on(self) -> Match | None:
        """The first answer, where it is exact or likely."""
        first = self.matches[0] if self.matches else None
        return first if first and is_relied_on(first.agreement) else None


def ask_each(errors: Sequence[KnownError], *, with_project: bool = True) -> list[Answered]:
    """Ask for each error in an index that knows all others."""
    features = [
        features_of(error.type, error.message, error.trace, error.project if with_project else "")
        for error in errors
    ]
    index = ErrorIndex()
    for error, known in zip(errors, features, strict=True):
        index.add(Exemplar(error.key, error.key, known.to_bytes()))
    bugs = {error.key: error.bug for error in errors}
    known_bugs = bugs_seen_again(errors)
    answered = []
    for error, asked in zip(errors, features, strict=True):
        index.remove(error.key)
        matches = index.nearest(asked, MOST_ANSWERS)
        index.add(Exemplar(error.key, error.key, asked.to_bytes()))
        answered.append(Answered(error, matches, error.bug in known_bugs, bugs))
    return answered


_PLACES = {Confidence.EXACT: 2.0, Confidence.LIKELY: 1.0, Confidence.POSSIBLE: 0.0}


def as_answers(answered: Answered, numbers: dict[str, int]) -> Answers:
    """Answers to be ranked, by the numbers of the errors with those keys."""
    return [
        ((_PLACES[match.agreement.confidence], match.agreement.score), numbers[match.key])
        for match in answered.matches
    ]


def is_relied_on(agreement: Agreement) -> bool:
    """Whether an answer is said to be exact or likely."""
    return agreement.confidence is not Confidence.POSSIBLE
