"""Many errors of many groups: real ones and those written by hand, told of other applications.

A template is an error of `../shared/data`, or of `tests/traces.ndjson`, with frames of its own
application. Another application has other words in the names of its own files, classes and
functions, drawn as often as the templates have them; packages, libraries, the shape of the trace
and what the message says otherwise stay. So many groups have a language, a message and words in
common, as they have in a real store. That they are groups is told by their fingerprints.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, chain, count, islice
from random import Random
from typing import Any, NamedTuple

from app.learning.fingerprint import fingerprint_of
from app.learning.stack import Frame
from app.learning.tokens import name_words
from app.learning.trace import parse_trace
from app.schemas.timestamps import DAY, format_timestamp
from tests.generated import END
from tests.patterns import real_errors
from tests.traces import labelled

ERRORS_IN_GROUP = 40
"""On average: of 200,000 errors, 5,000 groups."""

_CALLERS = 4
"""Ways in which the function is reached that an error of a group was raised in."""

_PROJECTS = 40
_DAYS = 60
_SHORTEST_WORD = 4  # or suffixes of files and names of languages would be others, too
_LAST_PART = re.compile(r"[./\\]|::")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_WORD = re.compile(r"[A-Z]?[a-z]+")
_LINES = re.compile(r"(?<=:)\d+(?=[):\n]|$)|(?<=line )\d+|(?<=\()\d+(?=\))")
_VALUES = re.compile(r"(?<![\w.:/-])\d+(?![\w.:/-])")
_VARYING = "\0"
"""Stands for a number: all of an error are the same, which nobody looks at, and quickly made."""


class _Template(NamedTuple):
    error_type: str
    error_message: str
    stack_trace: str
    frames: tuple[Frame, ...]

    def functions(self) -> list[str]:
        """The application's, the innermost first."""
        return [frame.function for frame in self.frames if frame.in_app]


@dataclass(frozen=True, slots=True)
class Group:
    """Errors of one cause: what they have in common, and what fixed it, if that is known."""

    number: int
    error_type: str
    error_message: str
    stack_traces: tuple[str, ...]
    resolutions: tuple[str, ...]

    @property
    def project_name(self) -> str:
        """The project that has them all."""
        return f"project-{self.number % _PROJECTS}"

    def question(self, chance: Random) -> dict[str, Any]:
        """One of them, as an agent asks for it."""

        trace = chance.choice(self.stack_traces)
        return {
            "error_type": self.error_type,
            "error_message": self.error_message.replace(_VARYING, str(chance.randrange(9999))),
            "stack_trace": trace.replace(_VARYING, str(chance.randrange(1, 2000))),
            "context": {"project_name": self.project_name},
        }

    def pattern(self, pattern_id: str, chance: Random) -> dict[str, Any]:
        """One of them, as an agent reports it; a quarter tell what fixed it, if that is known."""
        data = self.question(chance)
        context = data.pop("context")
        if self.resolutions and chance.random() < 0.25:
            data["resolution"] = chance.choice(self.resolutions)
        return {
            "pattern_id": pattern_id,
            "pattern_type": "error_occurrence",
            "timestamp": format_timestamp(END - int(chance.random() * _DAYS * DAY)),
            "data": data,
            "context": context,
        }


def groups() -> Iterator[Group]:
    """Groups of errors without end, always the same."""
    known: set[str] = set()
    sources = _real(), _other_languages()
    vocabulary = [word for source in sources for each in source for word in _words(each)]
    by_turns = zip(*map(_repeated, sources), strict=True)
    for application, template in chain.from_iterable(by_turns):
        renamed = _renamed(template, vocabulary, application)
        fingerprint = fingerprint_of(*renamed[:3]).group
        if renamed.functions() and fingerprint not in known:
            known.add(fingerprint)
            yield _group(len(known) - 1, renamed)


def occurrences(some: list[Group], number: int, chance: Random) -> Iterator[Group]:
    """Groups as their errors come in: each once, and then some far more often than others."""
    often = tuple(accumulate(1 / (place + 10) for place in range(len(some))))
    repeated = (chance.choices(some, cum_weights=often)[0] for _ in count())
    return islice(chain(some, repeated), number)


def _real() -> list[_Template]:
    of_all = [each["data"] for each in real_errors()]
    return _templates(
        (each["error_type"], each["error_message"], each["stack_trace"]) for each in of_all
    )


def _other_languages() -> list[_Template]:
    return _templates(each[2:] for each in labelled())


def _templates(errors: Iterable[tuple[str, str, str]]) -> list[_Template]:
    """One of each group that has frames of an application."""
    by_group = {fingerprint_of(*error).group: error for error in errors}
    every = [_Template(*error, parse_trace(error[2]).frames) for error in by_group.values()]
    return [template for template in every if template.functions()]


def _repeated(templates: list[_Template]) -> Iterator[tuple[int, _Template]]:
    """Each template for one application after the other."""
    return ((application, each) for application in count() for each in templates)


def _group(number: int, template: _Template) -> Group:
    traces = [_LINES.sub(_VARYING, template.stack_trace)]
    *inner, outer = (_IDENTIFIER.findall(function) for function in template.functions())
    (outermost,) = outer[-1:] or [""]
    files = (_IDENTIFIER.findall(frame.module) for frame in template.frames)
    if outermost and inner and all(outermost not in names for names in chain(inner, files)):
        name = re.compile(rf"\b{outermost}\b")
        traces += [name.sub(f"{outermost}_{way}", traces[0]) for way in range(1, _CALLERS)]
    message = _VALUES.sub(_VARYING, template.error_message)
    fixes = tuple(f"Fix {way} of what group {number} is." for way in range(number % 4))
    return Group(number, template.error_type, message, tuple(traces), fixes)


def _renamed(template: _Template, vocabulary: list[str], application: int) -> _Template:
    """The same error of another application."""
    words = {word: Random(f"{application} {word}").choice(vocabulary) for word in _words(template)}

    def word(found: re.Match[str]) -> str:
        other = words.get(found[0].lower(), found[0])
        return other.title() if found[0][0].isupper() else other

    names = {name: _WORD.sub(word, name) for name in _own_names(template.frames)}

    def name(found: re.Match[str]) -> str:
        return names.get(found[0], found[0])

    trace = _IDENTIFIER.sub(name, template.stack_trace)
    message = _IDENTIFIER.sub(name, template.error_message)
    return _Template(template.error_type, message, trace, parse_trace(trace).frames)


def _words(template: _Template) -> list[str]:
    names = _own_names(template.frames)
    words = [word for name in sorted(names) for word in name_words(name)]
    return [word for word in words if len(word) >= _SHORTEST_WORD and word.isalpha()]


def _own_names(frames: tuple[Frame, ...]) -> set[str]:
    """The names that only the application has, of its files or classes and its functions."""
    names: dict[bool, set[str]] = {False: set(), True: set()}
    for frame in frames:
        last = [part for part in _LAST_PART.split(frame.module)[-2:] if part]
        for text in (*last, frame.function):
            names[frame.in_app].update(_IDENTIFIER.findall(text))
    return names[True] - names[False]
