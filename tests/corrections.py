"""Corrections labelled by what a person sees in outputs: the same mistake, or only a like text.

`corrections.ndjson` has one a line, of the `kind` that it is: an output and what a user made of
it, further outputs that repeat the mistake, and look-alikes that do not. Lines at its end have
outputs in which nothing was ever corrected. All were written for the purpose.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parent / "corrections.ndjson"
_WORD = re.compile(r"[^\W\d_]{3,}")
_SYLLABLES = ("ba", "cor", "den", "fil", "gu", "hem", "jo", "kap", "lin", "mor", "nu", "pex", "ro")


class Labelled(NamedTuple):
    """A correction, what repeats its mistake, and what does not."""

    kind: str
    original: str
    corrected: str
    repeats: list[str]
    look_alikes: list[str]
    feedback: str | None = None


_ENTRIES = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
LABELLED = [Labelled(**entry) for entry in _ENTRIES if "kind" in entry]
UNRELATED: list[str] = [entry["unrelated"] for entry in _ENTRIES if "unrelated" in entry]


def others(number: int) -> Iterator[tuple[str, str]]:
    """Corrections of the same shapes about other things: what was given, and what was wanted."""
    chance = random.Random(7)
    for place in range(number):
        labelled = LABELLED[place % len(LABELLED)]
        names: dict[str, str] = {}

        def other(word: re.Match[str], names: dict[str, str] = names) -> str:
            return names.setdefault(word[0], "".join(chance.choices(_SYLLABLES, k=3)))

        yield _WORD.sub(other, labelled.original), _WORD.sub(other, labelled.corrected)


def within(output: str, size: int) -> str:
    """An output in the middle of a text of about so many characters that is about other things."""
    chance = random.Random(size)
    pieces: list[str] = []
    while sum(map(len, pieces)) < size - len(output):
        pieces.append(chance.choice(UNRELATED))
    pieces.insert(len(pieces) // 2, output)
    return "\n\n".join(pieces)
