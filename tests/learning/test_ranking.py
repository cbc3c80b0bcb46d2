"""Which resolution is tried first."""

from app.learning.alignment import Agreement
from app.learning.confidence import Confidence
from app.learning.evidence import Evidence, Outcome, evidence_of
from app.learning.index import Match
from app.learning.ranking import Candidate, ranked

UNTRIED = evidence_of([])
PROVEN = evidence_of([Outcome(True, 0)] * 48 + [Outcome(False, 0)] * 2)
FAILING = evidence_of([Outcome(False, 0)] * 5)


def candidate(
    resolution: str,
    confidence: Confidence = Confidence.LIKELY,
    score: float = 0.8,
    evidence: Evidence = UNTRIED,
) -> Candidate:
    agreement = Agreement(score, confidence, score, score, None, True, None)
    return Candidate(resolution, Match(f"of {resolution}", resolution, agreement, 1), evidence)


def order(*candidates: Candidate, limit: int = 10, least: Confidence = Confidence.LIKELY) -> str:
    return " ".join(each.resolution for each in ranked(candidates, limit=limit, least=least))


def test_of_equal_errors_the_resolution_comes_first_that_worked() -> None:
    failing = candidate("failing", evidence=FAILING)
    proven = candidate("proven", evidence=PROVEN)
    assert order(failing, candidate("untried"), proven) == "proven untried failing"


def test_a_nearer_error_comes_first_where_nothing_was_reported() -> None:
    assert order(candidate("far", score=0.7), candidate("near", score=0.9)) == "near far"


def test_a_resolution_that_keeps_failing_sinks_below_one_of_an_error_less_alike() -> None:
    failing = candidate("failing", score=0.85, evidence=FAILING)
    assert order(failing, candidate("less alike", score=0.8, evidence=PROVEN)).startswith("less")


def test_no_success_elsewhere_makes_an_error_of_another_kind_fit() -> None:
    elsewhere = candidate("elsewhere", Confidence.LIKELY, evidence=PROVEN)
    assert order(elsewhere, candidate("exact", Confidence.EXACT)) == "exact elsewhere"


def test_a_resolution_of_several_errors_is_named_once_at_its_best() -> None:
    assert order(candidate("one", score=0.6), candidate("one", score=0.9)) == "one"
    best = ranked([candidate("one", score=0.6), candidate("one", score=0.9)], limit=5)
    assert best[0].match.agreement.score == 0.9


def test_what_is_less_than_likely_is_named_only_when_asked_for() -> None:
    merely_possible = candidate("possible", Confidence.POSSIBLE)
    assert order(merely_possible) == ""
    assert order(merely_possible, least=Confidence.POSSIBLE) == "possible"
    assert order(candidate("likely"), least=Confidence.EXACT) == ""


def test_at_most_the_limit_is_named() -> None:
    assert order(candidate("a"), candidate("b"), limit=1) == "a"
