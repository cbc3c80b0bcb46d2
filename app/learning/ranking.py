"""Which resolution to try first: one of an error most like this, that has worked for others."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.learning.confidence import Confidence, is_at_least, place_of
from app.learning.evidence import Evidence
from app.learning.index import Match

OUTCOMES = 0.5
"""How much of a candidate's score its outcomes decide; the rest is how far the errors agree."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A resolution by its id, the known error it is of, and what is known of its outcomes."""

    resolution: str
    match: Match
    evidence: Evidence

    @property
    def score(self) -> float:
        """From 0 to 1: how far the errors agree, of which failure takes away up to `OUTCOMES`."""
        return self.match.agreement.score * (1 - OUTCOMES + OUTCOMES * self.evidence.score)


def ranked(
    candidates: Iterable[Candidate], *, limit: int, least: Confidence = Confidence.LIKELY
) -> list[Candidate]:
    """At most `limit` resolutions of at least some confidence, each once, the best first.

    Confidence comes before score: that a fix worked often does not make it fit another error.
    """
    fit = [each for each in candidates if is_at_least(each.match.agreement.confidence, least)]
    best: dict[str, Candidate] = {}
    for candidate in sorted(fit, key=_order):
        best.setdefault(candidate.resolution, candidate)
    return list(best.values())[:limit]


def _order(candidate: Candidate) -> tuple[int, float, str, str]:
    place = place_of(candidate.match.agreement.confidence)
    return place, -candidate.score, candidate.resolution, candidate.match.key
