r"""The rules, each read by two engines: whether there is a secret anywhere, and where.

Whether is asked of every text, so it is asked of Rust's engine, by way of pydantic: it reads a
text once, at some two nanoseconds a character, whatever is in it. Where is asked of Python's,
which knows look-around; only texts that are suspected pay for that.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from pydantic_core import SchemaValidator, core_schema

from app.schemas.records import PLACEHOLDER
from app.service.redaction.pairs import PAIR, SUSPICION, is_placeholder, kind_of, secret_in
from app.service.redaction.shapes import FRAMED, PRIVATE_KEY, TOKENS

_MOST = 6
"""Repetitions that the loosened rules ask for: with more of them, Rust's automaton no longer fits
the memory it is given, and it becomes a hundred times slower."""

_FILLER = re.compile(r"(?i)your[_-]|[_-]here|x{6}|placeholder|example[_-]")
"""In what has a token's shape, and comes from a manual."""


_PART = 200
"""Characters of the parts, ended by a line's end, in which a rule is `within_lines`."""


class Replacement(NamedTuple):
    """A secret that was found: its place in the text, and its kind."""

    start: int
    end: int
    kind: str


class Rule(NamedTuple):
    """What to look for in a text, if it is suspected, and what of a match is a secret.

    What stands `within_lines` is looked for only in those of its parts, made of a few lines
    each, that are suspected themselves.
    """

    is_suspected: Callable[[str], bool]
    pattern: re.Pattern[str]
    secret: Callable[[re.Match[str]], Replacement | None]
    within_lines: bool = False

    def places(self, text: str) -> Iterator[re.Match[str]]:
        """What to look at in a text, in its order."""
        for start, end in self._suspected_parts(text):
            yield from self.pattern.finditer(text, start, end)

    def _suspected_parts(self, text: str) -> Iterator[tuple[int, int]]:
        if not self.is_suspected(text):
            return
        if not self.within_lines:
            yield 0, len(text)
            return
        end = 0
        while end < len(text):
            start = end
            end = text.find("\n", start + _PART) + 1 or len(text)
            if self.is_suspected(text[start:end]):
                yield start, end


def suspicion(rules: Iterable[str]) -> Callable[[str], bool]:
    """What tells whether a text may match any of some rules; if not, it surely matches none.

    The rules are loosened, so that their automaton stays small: what must occur more than some
    times need occur only so often, and nothing has an upper bound.
    """
    pattern = "|".join(f"(?:{_loosened(rule)})" for rule in rules)
    schema = core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")
    return SchemaValidator(schema).isinstance_python


def _loosened(rule: str) -> str:
    rule = rule.replace(r"\w", "A-Za-z0-9_").replace(r"\s", r" \t-\r")  # as re.ASCII has them
    return re.sub(
        r"\{(\d+)(?:,\d*)?\}\+?", lambda bounds: f"{{{min(_MOST, int(bounds[1]))},}}", rule
    )


may_hold_secrets = suspicion([*TOKENS.values(), *FRAMED.values(), PRIVATE_KEY, SUSPICION])


@cache
def every_rule() -> tuple[Rule, ...]:
    """All rules, those that know best what they have found first."""
    private_key = re.compile(PRIVATE_KEY, re.ASCII)
    return (
        Rule(suspicion([PRIVATE_KEY]), private_key, lambda found: _whole(found, "private-key")),
        *(_token(kind, rule) for kind, rule in TOKENS.items()),
        *(_framed(kind, rule) for kind, rule in FRAMED.items()),
        Rule(suspicion([SUSPICION]), PAIR, _pair, within_lines=True),
    )


def placeholder(kind: str) -> str:
    """What stands in the place of a secret."""
    return f"{PLACEHOLDER.decode()}{kind}]"


def _whole(found: re.Match[str], kind: str) -> Replacement:
    return Replacement(*found.span(), kind)


def _token(kind: str, rule: str) -> Rule:
    def secret(found: re.Match[str]) -> Replacement | None:
        filler = len(set(found[0][-16:])) < 6 or _FILLER.search(found[0])
        return None if filler else _whole(found, kind)

    alone = re.compile(rf"(?<![\w-])(?:{rule})(?![A-Za-z0-9])", re.ASCII)
    return Rule(suspicion([rule]), alone, secret)


def _framed(kind: str, rule: str) -> Rule:
    def secret(found: re.Match[str]) -> Replacement | None:
        assert found.lastindex is not None
        value = found[found.lastindex]
        if is_placeholder(value) or not _IS_LIKELY.get(kind, bool)(value):
            return None
        return Replacement(*found.span(found.lastindex), kind)

    return Rule(suspicion([rule]), re.compile(rule, re.ASCII), secret)


def _pair(found: re.Match[str]) -> Replacement | None:
    place = secret_in(found)
    return None if place is None else Replacement(*place, kind_of(found["name"]))


def _is_no_port(value: str) -> bool:
    return not (value.isdecimal() and len(value) <= 5) and not (value.isalpha() and value.isupper())


def _is_no_word(value: str) -> bool:
    """Whether it is neither prose nor a name in code."""
    mixed = not (value.islower() or value.isupper() or value.istitle())
    digits = sum(map(str.isdigit, value))
    if digits < 4 and "." in value:
        return False
    return digits > 1 or value.endswith("=") or (mixed and len(value) >= 30)


_IS_LIKELY: dict[str, Callable[[str], bool]] = {
    "url-password": _is_no_port,
    "authorization": _is_no_word,
    "bearer-token": _is_no_word,
}
