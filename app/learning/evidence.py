"""How well a resolution has worked, with how few reports there may be of it.

The score is the lower bound of Wilson's interval for the share of reports that say it worked
(Wilson: "Probable Inference, the Law of Succession, and Statistical Inference", 1927): of
few reports the interval is wide and its lower bound low. Old reports count less, for what fixed an
error a year ago may not fix it in today's code.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

HALF_LIFE_DAYS = 90.0
"""After so many days a report counts half."""

PRIOR_WORKED, PRIOR_FAILED = 1.0, 1.0
"""What is taken as known beforehand: the fix that was written down worked once, for its author,
and as often one does not carry over."""

DEVIATIONS = 1.2816
"""Of the normal distribution: nine times in ten the true share is above the lower bound."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report of whether a resolution worked. `age` is in days; one of the future has age 0.

    What tells less than a report has less `weight` than 1.
    """

    worked: bool
    age: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What reports say. `worked` and `failed` are their numbers, those of old ones discounted.

    `score` is from 0 to 1: the share of cases in which it works, as far as that is certain.
    """

    worked: float
    failed: float
    score: float


def evidence_of(outcomes: Iterable[Outcome]) -> Evidence:
    """The evidence for a resolution. Without any report its score is that of the prior."""
    worked = failed = 0.0
    for outcome in outcomes:
        weight = outcome.weight * math.exp2(-max(0.0, outcome.age) / HALF_LIFE_DAYS)
        if outcome.worked:
            worked += weight
        else:
            failed += weight
    return Evidence(worked, failed, lower_bound(worked + PRIOR_WORKED, failed + PRIOR_FAILED))


def lower_bound(successes: float, failures: float, deviations: float = DEVIATIONS) -> float:
    """Wilson's lower bound of a share; both may be fractions, and not both are 0."""
    number = successes + failures
    share = successes / number
    spread = deviations**2 / number
    middle = share + spread / 2
    half = deviations * math.sqrt((share * (1 - share) + spread / 4) / number)
    return max(0.0, (middle - half) / (1 + spread))
