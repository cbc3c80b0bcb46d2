"""How far two errors agree: their words aligned, each weighed by how rare it is.

The alignment is FaST's (Rodrigues, Aloise, Fernandes: "FaST: A linear time stack trace alignment
heuristic for crash report deduplication", MSR 2022): equal elements are matched directly, in linear
time, and count the less the further apart they stand. What is aligned differs: not whole frames
alone, but the words of their names too, since two tests of one broken class often have no frame
in common; and a message is aligned as a stack is.
"""

import math
from dataclasses import dataclass

from app.learning.confidence import Confidence, confidence_in
from app.learning.features import Features, Field, is_function
from app.learning.postings import WeightedPostings

FRAMES, MESSAGE, TYPE, LIBRARY, PROJECT = 0.68, 0.20, 0.05, 0.02, 0.05
"""What each part weighs in a score. They sum to 1."""

FRAME_DISTANCE, WORD_DISTANCE = 0.02, 0.03
"""By how much agreement falls with each frame, each word, that equals stand further apart."""

_FADED = tuple(
    tuple(math.exp(-rate * distance) for distance in range(256))
    for rate in (FRAME_DISTANCE, WORD_DISTANCE)
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How good a match is and what it rests on, each from 0, nothing in common, to 1, all.

    What the question does not say is None.
    """

    score: float
    confidence: Confidence
    frames: float | None
    message: float | None
    library: float | None
    type: bool
    project: bool | None


class Asked:
    """A field of the question, ready to be compared with many."""

    def __init__(self, field: Field, postings: WeightedPostings, faded: tuple[float, ...]) -> None:
        self.places = dict(zip(field.tokens, field.positions, strict=True))
        self.weights = {token: postings.weight(token) for token in field.tokens}
        self.total = sum(self.weights.values())
        self._postings = postings
        self._faded = faded

    def agreement(self, known: Field) -> float | None:
        """What both have in common, of what either has: twice the one by the sum of the other.

        None where the question has nothing of the kind.
        """
        if not self.places:
            return None
        places, weights, faded = self.places, self.weights, self._faded
        common = sum(
            weights[token] * faded[abs(places[token] - position)]
            for token, position in zip(known.tokens, known.positions, strict=True)
            if token in places
        )
        if not common:
            return 0.0
        return 2 * common / (self.total + self._postings.weight_of_all(known.tokens))


class Question:
    """An error that is compared with known ones: those that have been entered in `postings`."""

    def __init__(self, features: Features, postings: WeightedPostings) -> None:
        self._features = features
        stack, text = _FADED
        self.frames = Asked(features.frames, postings, stack)
        self.message = Asked(features.message, postings, text)
        self._library = Asked(features.library, postings, stack)

    def agreement(self, known: Features) -> Agreement:
        """How far a known error agrees. What the question does not say, is not compared."""
        asked = self._features
        frames = self.frames.agreement(known.frames)
        message = self.message.agreement(known.message)
        library = self._library.agreement(known.library)
        project = asked.project == known.project if asked.project else None
        same_type = asked.type == known.type
        parts = (
            (FRAMES, frames),
            (MESSAGE, message),
            (TYPE, same_type),
            (LIBRARY, library),
            (PROJECT, project),
        )
        compared = [(weight, part) for weight, part in parts if part is not None]
        score = sum(weight * part for weight, part in compared)
        score /= sum(weight for weight, _ in compared)
        confidence = confidence_in(asked, known, frames=frames, message=message)
        return Agreement(score, confidence, frames, message, library, same_type, project)

    def functions_in(self, known: Features) -> int:
        """How many of the application's functions both errors have in their traces."""
        places = self.frames.places
        return sum(token in places for token in known.frames.tokens if is_function(token))
