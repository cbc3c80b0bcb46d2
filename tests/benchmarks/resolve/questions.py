"""Leave-one-out over real errors: each is asked for where all others are known.

What has the same `metadata.bug` was fixed by the same change, so an answer of the same bug is
right. A trace names the bug almost by the test it ends in, so that it is measured also without
the frames of the test's own class.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Score = tuple[float, ...]
Answers = Iterable[tuple[Score, int]]
"""What is known, as the positions of errors, and how good an answer each is."""

MOST_ANSWERS = 50


@dataclass(frozen=True, slots=True)
class KnownError:
    """An error of the data set."""

    key: str
    bug: str
    project: str
    type: str
    message: str
    trace: str


@dataclass(frozen=True, slots=True)
class Rank:
    """Where the first right answer stood, among those to one question; 0 where there was none."""

    project: str
    place: int


def known_errors(patterns: Iterable[dict[str, Any]], *, own_class: bool) -> list[KnownError]:
    """The errors of some patterns, with or without the frames of the test's own class."""
    return [_known_error(pattern, own_class) for pattern in patterns]


def _known_error(pattern: dict[str, Any], own_class: bool) -> KnownError:
    data, context = pattern["data"], pattern["context"]
    metadata = context["metadata"]
    test_class = metadata["test"].partition("::")[0]
    own = (f"at {test_class}.", f"at {test_class}$")
    lines = data.get("stack_trace", "").split("\n")
    kept = lines if own_class else [line for line in lines if not line.strip().startswith(own)]
    return KnownError(
        key=pattern["pattern_id"],
        bug=metadata["bug"],
        project=context["project_name"],
        type=data["error_type"],
        message=data["error_message"],
        trace="\n".join(kept),
    )


def bugs_seen_again(errors: Sequence[KnownError]) -> set[str]:
    """The bugs of several errors: those for which there is a right answer."""
    return {bug for bug, number in Counter(error.bug for error in errors).items() if number > 1}


def ranks(errors: Sequence[KnownError], answers: Callable[[int], Answers]) -> list[Rank]:
    """The rank of the first right answer to each error that has one.

    Ties count against what is measured: of answers that are as good, the right one comes last.
    """
    known = bugs_seen_again(errors)
    found = []
    for number, error in enumerate(errors):
        if error.bug not in known:
            continue
        right: list[Score] = []
        wrong: list[Score] = []
        for score, answer in answers(number):
            if answer != number:
                (right if errors[answer].bug == error.bug else wrong).append(score)
        best = max(right, default=None)
        place = 0 if best is None else 1 + sum(score >= best for score in wrong)
        found.append(Rank(error.project, place))
    return found


def first_is_right(found: Sequence[Rank]) -> float:
    """The share of questions whose first answer is right (RR@1)."""
    return sum(rank.place == 1 for rank in found) / max(1, len(found))


def mean_reciprocal_rank(found: Sequence[Rank]) -> float:
    """The mean of 1 by the place of the first right answer (MRR)."""
    return float(sum(Fraction(1, rank.place) for rank in found if rank.place)) / max(1, len(found))
