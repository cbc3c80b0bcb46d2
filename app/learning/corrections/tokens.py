"""Code and prose as tokens: words, operators, other characters, ends of lines.

Tokens are compared by 32-bit hashes, the same in every run. How much a token says is a matter of
how many texts have it; before any were counted, of its class.
"""

import re
from collections.abc import Iterable
from enum import IntEnum
from itertools import pairwise
from zlib import crc32

from app.schemas.words import words_of

MOST_CHARACTERS = 48 * 1024
"""Of a longer text the beginning and the end are read, half of this each."""

MOST_TOKENS = 8_000

_ANY = (
    r"(?:[^\W\d]\w*|\d\w*|[^\S\n]*\n\s*"
    r"|===|!==|\*\*|//|&&|\|\||\?\?|\?\.|\.\.\.|[=!<>:+-]=|[=-]>|::|<<|>>|--|\+\+|[^\w\s])"
)
_TOKEN = re.compile(_ANY)
_SPACED = re.compile(rf"[^\S\n]*{_ANY}")
_ENGLISH = """
    a all an and any are as at be but by can do for from get has have how i if in into is it its me
    my no not of off on one or our out set so than that the their then there these they this to up
    use was we what when where which who will with would you your
"""
_KEYWORDS = """
    async await bool break case catch class const continue def default elif else end enum except
    export extends false final finally fn func function go impl import int interface let match mut
    new nil none null package private pub public raise return self static str string struct super
    switch throw true try type var void while yield
"""
_PLAIN_NAMES = "b c data id item items j k key list n name result s value x y"
_COMMON = frozenset(f"{_ENGLISH} {_KEYWORDS} {_PLAIN_NAMES}".split())
_CAPITALISED = re.compile(r"[A-Z][a-z]+")
_STYLES = (
    re.compile(r"_*[a-z0-9]+(?:_[a-z0-9]+)+_*"),
    re.compile(r"[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+"),
    re.compile(r"(?:[A-Z][a-z0-9]+){2,}"),
    re.compile(r"[A-Z0-9]+(?:_[A-Z0-9]+)+"),
)
"""Words put together: snake_case, camelCase, CapWords, UPPER_CASE."""


class Kind(IntEnum):
    """What a token is, by which one guesses how many texts have it."""

    MARK = 0
    COMMON = 1
    NUMBER = 2
    WORD = 3
    NAME = 4


def tokens_of(text: str) -> list[str]:
    """The tokens of a text, at most `MOST_TOKENS`; of a long one, those at its two ends."""
    return ["\n" if token[-1].isspace() else token for token in _cut(_TOKEN, text)]


def spaced_tokens_of(text: str) -> list[str]:
    """The same tokens, each with the space before it."""
    return _cut(_SPACED, text)


def hashes_of(tokens: list[str], *, styled: bool = False) -> list[int]:
    """The hash of each token; a capital that only begins a word makes no difference.

    `styled`: of words put together, it is only the hash of the way they are.
    """
    known = {token: _hash_of(token) for token in set(tokens)}
    if styled:
        known |= {token: style for token in known if len(token) > 3 and (style := style_of(token))}
    return [known[token] for token in tokens]


def pair_hashes(hashes: Iterable[int]) -> list[int]:
    """The hash of each two tokens next to each other."""
    return [
        (left * 0x9E3779B1 + right * 0x85EBCA77 + 1) & 0xFFFFFFFF
        for left, right in pairwise(hashes)
    ]


def kind_of(token: str) -> Kind:
    """What a token is."""
    if token[0].isdigit():
        return Kind.NUMBER
    if not (token[0].isalpha() or token[0] == "_"):
        return Kind.MARK
    if token.lower() in _COMMON:
        return Kind.COMMON
    plain = token.islower() or _CAPITALISED.fullmatch(token)
    return Kind.WORD if plain and token.isalpha() and len(token) <= 9 else Kind.NAME


def style_of(word: str) -> int:
    """Which way words are put together in one, from 1; 0 where it is but one word."""
    return next((n for n, style in enumerate(_STYLES, 1) if style.fullmatch(word)), 0)


def _cut(pattern: re.Pattern[str], text: str) -> list[str]:
    if len(text) > MOST_CHARACTERS:
        half = MOST_CHARACTERS // 2
        text = f"{text[:half]}\n{text[-half:]}"
    found: list[str] = pattern.findall(text)
    if not text.isascii():
        found = [part for token in found for part in _parts(token)]
    if len(found) > MOST_TOKENS:
        half = MOST_TOKENS // 2
        found = found[:half] + found[-half:]
    return found


def _parts(token: str) -> list[str]:
    """A token, or the words in it where its script writes them without spaces."""
    return [token] if token.isascii() else words_of(token) or [token]


def _hash_of(token: str) -> int:
    if _CAPITALISED.fullmatch(token):
        token = token.lower()
    return crc32(token.encode("utf-8", "surrogatepass"))
