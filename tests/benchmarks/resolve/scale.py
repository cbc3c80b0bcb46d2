"""How fast the index answers, and what it takes, with thousands of groups of invented errors."""

import random
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from app.learning.features import Features, features_of
from app.learning.index import ErrorIndex, Exemplar

ERRORS_IN_GROUP = 40
"""Of 200,000 errors, 5,000 groups."""

EXEMPLARS = 3
"""Of each group that are kept."""

_QUESTIONS = 500
_ANSWERS = 10
_WORDS = [
    first + last
    for first in (
        "bar",
        "cal",
        "dem",
        "fil",
        "gor",
        "hus",
        "jin",
        "kel",
        "lom",
        "mer",
        "nap",
        "pol",
    )
    for last in ("an", "ber", "ci", "dor", "ent", "fo", "get", "il", "mas", "on", "rul", "ster")
]
_LIKELY = tuple(accumulate(1 / (place + 10) for place in range(len(_WORDS))))
_KINDS = ("Argument", "IllegalState", "IO", "NullPointer", "Timeout", "Validation", "Conflict")


@dataclass(frozen=True, slots=True)
class InventedError:
    """An error as it might be reported."""

    type: str
    message: str
    trace: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Times in seconds, of one thread; sizes in bytes.

    `first_is_right` is of errors of a group that were reached by a way not known.
    """

    exemplars: int
    first_is_right: float
    questions: Sequence[float]
    adding: float
    loading: float
    packed: int
    memory: int


def measure(groups: int) -> Measured:
    """Fill an index with groups of errors, save and load it, and ask for errors like theirs."""
    chance = random.Random(5)
    known: list[tuple[str, str, Features]] = []
    asked: list[tuple[str, Features]] = []
    for group in map(str, range(groups)):
        *kept, other = map(_features, _group(chance))
        known += ((f"{group}-{number}", group, each) for number, each in enumerate(kept))
        asked.append((group, other))
    asked = chance.sample(asked, min(groups, _QUESTIONS))
    begun = time.perf_counter()
    index = ErrorIndex()
    for key, name, features in known:
        index.add(Exemplar(key, name, features.to_bytes()))
    adding = (time.perf_counter() - begun) / len(known)
    packed = [(key, group, features.to_bytes()) for key, group, features in known]
    right = sum(index.nearest(other, 1)[0].group == group for group, other in asked)
    features_of_all = [features for _, features in asked]
    features_of_all += [_features(_invented(chance)) for _ in range(_QUESTIONS)]
    questions = sorted(_taken(index, features) for features in features_of_all)
    known.clear()
    del index
    begun = time.perf_counter()
    _load(packed)
    loading = time.perf_counter() - begun
    tracemalloc.start()
    try:
        held = _load(packed)
        memory = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    size = sum(len(each) for _, _, each in packed)
    first_is_right = right / len(asked)
    return Measured(len(held), first_is_right, questions, adding, loading, size, memory)


def _load(packed: Sequence[tuple[str, str, bytes]]) -> ErrorIndex:
    index = ErrorIndex()
    for key, group, each in packed:
        features = Features.from_bytes(each)
        if features:
            index.add(Exemplar(key, group, features.to_bytes()))
    return index


def _taken(index: ErrorIndex, asked: Features) -> float:
    begun = time.perf_counter()
    index.nearest(asked, _ANSWERS)
    return time.perf_counter() - begun


def _features(error: InventedError) -> Features:
    return features_of(error.type, error.message, error.trace)


def _group(chance: random.Random) -> list[InventedError]:
    """Errors raised in one place, reached by different ways, and one more to ask for."""
    first = _invented(chance)
    head, *frames = first.trace.split("\n")
    kept = frames[: 1 + len(frames) // 2]
    return [
        InventedError(first.type, first.message, "\n".join([head, *kept, *_frames(chance)]))
        for _ in range(EXEMPLARS + 1)
    ]


def _invented(chance: random.Random) -> InventedError:
    name = f"com.example.{_word(chance)}.{chance.choice(_KINDS)}Exception"
    message = " ".join(_word(chance) for _ in range(chance.randint(2, 12)))
    message += f" {chance.randrange(10**6)}"
    return InventedError(name, message, "\n".join([f"{name}: {message}", *_frames(chance)]))


def _frames(chance: random.Random) -> list[str]:
    project = chance.choices(_WORDS, cum_weights=_LIKELY)[0]
    return [_frame(chance, project) for _ in range(chance.randint(3, 40))]


def _frame(chance: random.Random, project: str) -> str:
    name = _word(chance).title() + _word(chance).title()
    function = _word(chance) + _word(chance).title()
    line = chance.randrange(1, 900)
    package = f"com.example.{project}.{_word(chance)}"
    return f"\tat {package}.{name}.{function}({name}.java:{line})"


def _word(chance: random.Random) -> str:
    return chance.choices(_WORDS, cum_weights=_LIKELY)[0]
