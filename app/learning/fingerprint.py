"""Which errors are one: the fingerprint that groups them.

A group is formed from the root cause's type, its message without variable parts, and the
application's own function it was raised in. That is fewer frames than most error trackers take: on
the benchmark (`python -m tests.benchmarks grouping`) each further frame splits errors of one cause
by who happened to call, and wrongly merges hardly fewer. Only a function that is there to raise,
such as `requireOwner`, does not say by itself where it was: its caller does.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from app.learning.messages import MOST_TEXT, normalised, with_key_quoted
from app.learning.stack import LONGEST_NAME, REMEMBERED, Frame, Trace
from app.learning.trace import parse_trace

VERSION = 3
"""Of the algorithm: it changes with whatever makes another fingerprint of the same error."""

_RAISING = re.compile(
    r"_*(?:[aA]ssert|[eE]nsure|[rR]equire|[eE]xpect|[iI]nvariant|[mM]ust|[rR]aise|[tT]hrow|[fF]ail"
    r"|[aA]bort|handle_?[eE](?:rror|xception))(?![a-z])"
)
_MOST_RAISING = 4
_VARIANT_FRAMES = 32
_TITLE_MESSAGE = 120
_LAST_NAME = re.compile(r"[.\\/]|::")
_ANONYMOUS = re.compile(r"\$\d+$")
_PRINTED_TYPE = re.compile(r"(?:[\w$]{1,100}(?:\.|::|\\)){0,20}([\w$]{1,200})(?:: |:?$)")


@dataclass(frozen=True, slots=True)
class Parts:
    """What all errors of a group have in common.

    `type` is without its package; `message` is the first line, normalised; `frames` are the
    application's innermost, or where it has none in the trace, the innermost of all: one, and
    those that are only there to raise before it.
    """

    language: str | None
    type: str
    message: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """An error's identity. `group` and `variant` are 16 hexadecimal digits.

    Errors of one `variant` are of one `group`, and have also had all of the application's frames
    and the chain of types in common; a trace that prints no type has that which was reported.
    `title` says in a short line, for people, what the group is.
    """

    version: int
    group: str
    variant: str
    title: str
    parts: Parts


def fingerprint_of(error_type: str, error_message: str, stack_trace: str | None) -> Fingerprint:
    """The fingerprint of an error as it was reported."""
    trace = parse_trace(stack_trace) if stack_trace else Trace(None)
    return fingerprint_of_trace(error_type, error_message, trace)


def fingerprint_of_trace(error_type: str, error_message: str, trace: Trace) -> Fingerprint:
    """The fingerprint of an error whose trace has been read."""
    name, message = _root_cause(error_type, error_message, trace)
    own = tuple([frame for frame in trace.frames if frame.in_app])
    where = _where(own) if own else trace.frames[:1]
    parts = Parts(trace.language, name, message, where)
    group = _digest(name, message, *_texts(parts.frames))
    chain = [_simple_name(raised.type) for raised in trace.raised] or [name]
    variant = _digest(group, *chain, "", *_texts((own or trace.frames)[:_VARIANT_FRAMES]))
    return Fingerprint(VERSION, group, variant, _title(parts), parts)


def _where(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    for count, frame in enumerate(frames[:_MOST_RAISING], start=1):
        if not _RAISING.match(frame.function.rpartition(".")[2]):
            return frames[:count]
    return frames[:1]


@lru_cache(REMEMBERED)
def _simple_name(error_type: str) -> str:
    """A type without its package, which some report and some do not."""
    return _LAST_NAME.split(_ANONYMOUS.sub("", error_type.strip()))[-1] or error_type


def _root_cause(error_type: str, error_message: str, trace: Trace) -> tuple[str, str]:
    """The type and message at the end of the chain, if the chain begins with what was reported."""
    name = _simple_name(error_type[:LONGEST_NAME])
    if trace.raised and (len(trace.raised) > 1 or _simple_name(trace.raised[0].type) == name):
        root = trace.raised[-1]
        root_name = _simple_name(root.type)
        if root.message or len(trace.raised) > 1:
            return root_name, _message(root_name, root.message)
    return name, _message(name, error_message)


def _message(name: str, message: str) -> str:
    """The first line, without the type that some put before it."""
    line = _first_line(message)
    printed = _PRINTED_TYPE.match(line)
    if printed and printed[1] == name:
        line = line[printed.end() :]
    return normalised(with_key_quoted(name, line))


def _first_line(text: str) -> str:
    return text[: 2 * MOST_TEXT].lstrip().partition("\n")[0].rstrip()


def _title(parts: Parts) -> str:
    message = parts.message
    if len(message) > _TITLE_MESSAGE:
        message = message[: _TITLE_MESSAGE - 1] + "…"
    title = f"{parts.type}: {message}" if message else parts.type
    if parts.frames:
        module, function, _ = parts.frames[-1]
        title += f" in {_LAST_NAME.split(module)[-1]}.{function}".rstrip(".")
    return title


def _texts(frames: tuple[Frame, ...]) -> list[str]:
    return [text for module, function, _ in frames for text in (module, function)]


def _digest(*texts: str) -> str:
    joined = "\0".join((str(VERSION), *texts))
    return hashlib.blake2b(joined.encode("utf-8", "replace"), digest_size=8).hexdigest()
