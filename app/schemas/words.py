"""Full text as the API defines it: what a word is, and what a `q` asks for.

A word is a run of letters or digits, case folded; each CJK character is a word of its own.
The same rule cuts what is stored and what is searched, so that both always agree.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_CJK = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c"
    "\u3041-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\uffa0-\uffdc\U00016fe0-\U00018dff"
    "\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_WORD = rf"(?:(?=\w)[{_CJK}]|[^\W_{_CJK}]+)"
_WORDS = re.compile(_WORD)
_ASCII_WORDS = re.compile(r"[a-z0-9]+")
_TERMS = re.compile(rf'"([^"]*)"|({_WORD})(\*?)')

GAP = "\ue000"
"""Stands between two fields of one text: no word, so no phrase reaches across it."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words next to each other; with `prefix`, the last may go on."""

    words: tuple[str, ...]
    prefix: bool = False


def words_of(text: str) -> list[str]:
    """The words of a text, in order."""
    if text.isascii():
        return _ASCII_WORDS.findall(text.lower())
    return [word.casefold() for word in _WORDS.findall(text)]


def searchable(texts: Iterable[str]) -> str:
    """Texts as one string, fit for an index that splits ASCII text at all but letters and digits.

    Such an index cuts plain ASCII as `words_of` does, so that is left to it; any other text is
    cut here.
    """
    return f" {GAP} ".join(
        text if text.isascii() else " ".join(words_of(text)) for text in texts if text
    )


def parse_text_query(query: str) -> tuple[Phrase, ...]:
    """The phrases that must all occur. Raises ValueError where there is not one word."""
    phrases = []
    for quoted, word, star in _TERMS.findall(query):
        words = tuple(words_of(quoted)) if quoted else (word.casefold(),) if word else ()
        if words:
            phrases.append(Phrase(words, prefix=bool(star)))
    if not phrases:
        raise ValueError("holds no word to search for")
    return tuple(phrases)
