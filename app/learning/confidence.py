"""How far an answer can be relied on.

Calibrated on real errors (`python -m tests.benchmarks resolve`), such that nine in ten answers
that are exact or likely are right, and that most errors nothing is known of get no such answer.
A high score alone does not say it: errors of different cause are often raised in one place, and
many tests print the same message. Only where both agree, one can be taken for the other.
"""

from enum import StrEnum

from app.learning.features import Features

EXACT_AGREEMENT = 0.95
"""Frames' and message's agreement, multiplied: all the same but for a word in dozens."""

LIKELY_AGREEMENT = 0.6
"""The same, multiplied: below 0.5 fewer than nine in ten are right; above 0.7 many are missed."""

SAME_MESSAGE = 0.98
"""The agreement of two messages of the same words, in as good as the same order."""

TELLING_MESSAGE = 2.65
"""What a message must tell, in words never seen before, to be known by it alone.

`expected:<1> but was:<0>` stays below it wherever tests fail; a path or a rare value is above.
"""


class Confidence(StrEnum):
    """From best to worst."""

    EXACT = "exact"
    LIKELY = "likely"
    POSSIBLE = "possible"


_PLACES = {confidence: place for place, confidence in enumerate(Confidence)}


def place_of(confidence: Confidence) -> int:
    """Where it stands from best to worst, to sort by."""
    return _PLACES[confidence]


def is_at_least(confidence: Confidence, least: Confidence) -> bool:
    """Whether it is as good as another, or better."""
    return _PLACES[confidence] <= _PLACES[least]


def confidence_in(
    asked: Features, known: Features, *, frames: float | None, message: float | None, told: float
) -> Confidence:
    """How likely an error has the cause of a known one, by how far their parts agree.

    `told` is how much the asked message tells, in words never seen before. Errors of one variant
    are exact, unless all their message says is which values an assertion compared.
    """
    if asked.type != known.type:
        return Confidence.POSSIBLE
    if frames is None or not known.frames.tokens:
        elsewhere = asked.project and known.project and asked.project != known.project
        same = message is not None and message >= SAME_MESSAGE
        known_by_message = same and told >= TELLING_MESSAGE and not elsewhere
        return Confidence.LIKELY if known_by_message else Confidence.POSSIBLE
    if asked.variant == known.variant and not asked.compares:
        return Confidence.EXACT
    both = frames if message is None else frames * message
    if both >= EXACT_AGREEMENT:
        return Confidence.EXACT
    return Confidence.LIKELY if both >= LIKELY_AGREEMENT else Confidence.POSSIBLE
