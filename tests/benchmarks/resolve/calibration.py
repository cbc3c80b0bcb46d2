"""The parameters chosen without a project, tried on that project.

What is chosen on all other projects, by the figures that matter, is then measured on the one that
was left out, and so on for each. So it shows whether the parameters know the projects by heart.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from app.learning.alignment import FRAMES, LIBRARY, MESSAGE, PROJECT, TYPE, Agreement
from app.learning.confidence import LIKELY_AGREEMENT, Confidence
from tests.benchmarks.resolve.index import Answered

_SHARES = (0.5, 0.6, FRAMES / (FRAMES + MESSAGE), 0.85, 0.9)
"""Of frames and message together, how much the frames may weigh."""

_THRESHOLDS = (0.3, 0.4, 0.5, LIKELY_AGREEMENT, 0.7, 0.8)
"""From where on frames and message, multiplied, may agree for a likely answer."""

_LEAST_RIGHT = Fraction(9, 10)


def first_right_left_out(answered: Sequence[Answered]) -> tuple[int, int]:
    """First answers that are right, of all questions with one, by shares chosen without them."""
    known = [each for each in answered if each.is_known]
    right = {share: {each.error.key for each in known if _is_first_right(each, share)}
             for share in _SHARES}  # fmt: skip
    total = 0
    for project in {each.error.project for each in known}:
        others = [each.error.key for each in known if each.error.project != project]
        share = max(_SHARES, key=lambda share: len(right[share].intersection(others)))
        total += len(right[share]) - len(right[share].intersection(others))
    return total, len(known)


def relied_on_left_out(answered: Sequence[Answered]) -> tuple[int, int]:
    """Right answers among those relied on, by thresholds chosen without their project."""
    right = total = 0
    for project in {each.error.project for each in answered}:
        others = [each for each in answered if each.error.project != project]
        threshold = _best_threshold(others)
        found = relied_on((each for each in answered if each.error.project == project), threshold)
        right, total = right + found[0], total + found[1]
    return right, total


def relied_on(answered: Iterable[Answered], threshold: float) -> tuple[int, int]:
    """Right answers among those that are exact or likely by a threshold."""
    right = total = 0
    for each in answered:
        for match in each.matches:
            if _is_relied_on(match.agreement, threshold):
                total += 1
                right += each.bug_of(match) == each.error.bug
                break
    return right, total


def _best_threshold(answered: Sequence[Answered]) -> float:
    """The lowest by which enough answers are right."""
    for threshold in _THRESHOLDS:
        right, total = relied_on(answered, threshold)
        if total and Fraction(right, total) >= _LEAST_RIGHT:
            return threshold
    return _THRESHOLDS[-1]


def _is_relied_on(agreement: Agreement, threshold: float) -> bool:
    if agreement.confidence is Confidence.EXACT or not agreement.frames or not agreement.type:
        return agreement.confidence is not Confidence.POSSIBLE
    message = 1.0 if agreement.message is None else agreement.message
    return agreement.frames * message >= threshold


def _is_first_right(answered: Answered, share: float) -> bool:
    if not answered.matches:
        return False
    best = max(_score(match.agreement, share) for match in answered.matches)
    return all(
        answered.bug_of(match) == answered.error.bug
        for match in answered.matches
        if _score(match.agreement, share) >= best
    )


def _score(agreement: Agreement, share: float) -> float:
    """The score with other weights for frames and message."""
    both = share * (agreement.frames or 0) + (1 - share) * (agreement.message or 0)
    rest = LIBRARY * (agreement.library or 0) + PROJECT * (agreement.project or 0)
    return (FRAMES + MESSAGE) * both + TYPE * agreement.type + rest
