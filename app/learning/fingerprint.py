"""Which errors are one: the fingerprint that groups them.

A group is formed from the error's type, its message without variable parts, and the application's
own function it was raised in. That is fewer frames than most error trackers take: on the
benchmark (`python -m tests.benchmarks grouping`) each further frame splits errors of one cause by
who happened to call, and wrongly merges hardly fewer.
"""

import hashlib
import re
from dataclasses import dataclass

from app.learning.messages import normalised
from app.learning.stack import Frame, Trace
from app.learning.trace import parse_trace

VERSION = 1
"""Of the algorithm: it changes with whatever makes another fingerprint of the same error."""

_GROUPING_FRAMES = 1
_VARIANT_FRAMES = 32
_TITLE_MESSAGE = 120
_ANONYMOUS = re.compile(r"\$\d+$")
_PRINTED_TYPE = re.compile(r"(?:[\w$]{1,100}(?:\.|::|\\)){0,20}([\w$]{1,200})(?:: |:?$)")


@dataclass(frozen=True, slots=True)
class Parts:
    """What all errors of a group have in common.

    `type` is without its package; `message` is the first line, normalised; `frames` are the
    application's innermost, or where it has none in the trace, the innermost of all.
    """

    language: str | None
    type: str
    message: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """An error's identity. `group` and `variant` are 16 hexadecimal digits.

    Errors of one `variant` are of one `group`, and have also had all of the application's frames
    and the chain of types in common. `title` says in a short line, for people, what the group is.
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
    name = _simple_name(error_type)
    message = _message(name, error_message, trace)
    own = tuple(frame for frame in trace.frames if frame.in_app) or trace.frames
    parts = Parts(trace.language, name, message, own[:_GROUPING_FRAMES])
    group = _digest(name, message, *_texts(parts.frames))
    chain = (_simple_name(raised.type) for raised in trace.raised)
    variant = _digest(group, *chain, "", *_texts(own[:_VARIANT_FRAMES]))
    return Fingerprint(VERSION, group, variant, _title(parts), parts)


def _simple_name(error_type: str) -> str:
    """A type without its package, which some report and some do not."""
    name = re.split(r"[.\\/]|::", _ANONYMOUS.sub("", error_type.strip()))[-1]
    return name or error_type


def _message(name: str, message: str, trace: Trace) -> str:
    """The first line, without the type that some put before it."""
    line = _first_line(message)
    printed = _PRINTED_TYPE.match(line)
    if printed and printed[1] == name:
        line = line[printed.end() :]
    if not line and trace.raised:
        line = _first_line(trace.raised[0].message)
    return normalised(line)


def _first_line(text: str) -> str:
    return text.lstrip().partition("\n")[0].rstrip()


def _title(parts: Parts) -> str:
    message = parts.message
    if len(message) > _TITLE_MESSAGE:
        message = message[: _TITLE_MESSAGE - 1] + "…"
    title = f"{parts.type}: {message}" if message else parts.type
    if parts.frames:
        module, function, _ = parts.frames[0]
        title += f" in {re.split(r'[./]', module)[-1]}.{function}"
    return title


def _texts(frames: tuple[Frame, ...]) -> list[str]:
    return [text for module, function, _ in frames for text in (module, function)]


def _digest(*texts: str) -> str:
    joined = "\0".join((str(VERSION), *texts))
    return hashlib.blake2b(joined.encode("utf-8", "replace"), digest_size=8).hexdigest()
