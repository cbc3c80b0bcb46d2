"""What is to be beaten: equal messages, and TF-IDF."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from app.learning.trace import parse_trace
from tests.benchmarks.resolve.questions import Answers, KnownError

_VALUES = re.compile(r"<[^>]*>|\[[^\]]*\]|\"[^\"]*\"|'[^']*'")
_DIGITS = re.compile(r"\d+")


def same_message(errors: Sequence[KnownError]) -> Callable[[int], Answers]:
    """Errors of the same type whose messages differ in their variable parts at most."""
    keys = [(error.type, _masked(error.message)) for error in errors]
    return lambda asked: [((float(key == keys[asked]),), number) for number, key in enumerate(keys)]


def similar_frames(errors: Sequence[KnownError]) -> Callable[[int], Answers]:
    """The cosine of the TF-IDF vectors of the application's frames."""
    return _cosines([_frames(error) for error in errors])


def similar_words(errors: Sequence[KnownError]) -> Callable[[int], Answers]:
    """The same, with the type and the words of the message without its values."""
    return _cosines(
        [[*_frames(error), error.type, *_masked(error.message).split()] for error in errors]
    )


def _masked(message: str) -> str:
    """A message as simple log parsers have it: quoted and bracketed values and digits replaced."""
    return _DIGITS.sub("0", _VALUES.sub("#", message))


def _frames(error: KnownError) -> list[str]:
    frames = parse_trace(error.trace).frames
    return [f"{frame.module}.{frame.function}" for frame in frames if frame.in_app]


def _cosines(documents: Sequence[Sequence[str]]) -> Callable[[int], Answers]:
    numerator = 1 + len(documents)
    frequencies = Counter(word for document in documents for word in set(document))
    vectors = []
    holding: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, document in enumerate(documents):
        vector = {
            word: count * (1 + math.log(numerator / (1 + frequencies[word])))
            for word, count in Counter(document).items()
        }
        length = math.hypot(*vector.values()) or 1.0
        vectors.append({word: weight / length for word, weight in vector.items()})
        for word, weight in vectors[-1].items():
            holding[word].append((number, weight))

    def answers(asked: int) -> Answers:
        scores = [0.0] * len(documents)
        for word, weight in vectors[asked].items():
            for number, other in holding[word]:
                scores[number] += weight * other
        return [((round(score, 9),), number) for number, score in enumerate(scores)]

    return answers
