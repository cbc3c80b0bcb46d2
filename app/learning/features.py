"""What of an error is compared with others, small enough that thousands stay in memory.

Of all words only hashes are kept: they are compared, and shown by whoever has the error itself.
Of two words one in billions of pairs has the same hash, and a score is then a little higher.
"""

import re
import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

from app.learning import fingerprint as fingerprints
from app.learning.fingerprint import Fingerprint, fingerprint_of_trace
from app.learning.messages import with_key_quoted
from app.learning.stack import Frame, Trace
from app.learning.tokens import message_words, name_words
from app.learning.trace import parse_trace

VERSION = 2
"""Of the words that are taken: it changes with whatever makes other features of one error."""

_INNERMOST, _OUTERMOST = 48, 16
"""Frames of the application that are taken: FaST, too, finds the ends of a stack to tell most."""

_LEADING = 8
"""Frames of libraries that are taken: those between the error and the application."""

_MESSAGE_WORDS = 200
_MESSAGE_TEXT = 4096

_COMPARED = "<compared>"
"""What `app.learning.messages` makes of a message that prints what was compared."""

_SEPARATORS = re.compile(r"::|[/\\]")
_HEAD = struct.Struct("<HHQII?B3H")


@dataclass(frozen=True, slots=True)
class Field:
    """Hashed words, each once, and where it first stands: in which frame, or as which word."""

    tokens: "array[int]"
    positions: "array[int]"


@dataclass(frozen=True, slots=True)
class Features:
    """An error, to be compared. `variant` is its fingerprint's; `project` is 0 where none is known.

    `compares`: the message prints values that were compared, of which the fingerprint keeps none;
    `words` is how many different words the message has, signs and numbers aside, and at most 255.
    `frames` are the application's functions, their modules and the words of both; `message` its
    words and pairs of neighbours; `library` the functions between the error and the application.
    """

    variant: int
    type: int
    project: int
    compares: bool
    words: int
    frames: Field
    message: Field
    library: Field

    def to_bytes(self) -> bytes:
        """The same as bytes, on any machine."""
        fields = (self.frames, self.message, self.library)
        sizes = [len(field.tokens) for field in fields]
        versions = (VERSION, fingerprints.VERSION)
        known_by = (self.variant, self.type, self.project, self.compares, self.words)
        head = _HEAD.pack(*versions, *known_by, *sizes)
        packed = (
            struct.pack(f"<{size}I{size}B", *field.tokens, *field.positions)
            for size, field in zip(sizes, fields, strict=True)
        )
        return b"".join((head, *packed))

    @classmethod
    def from_bytes(cls, packed: bytes) -> "Features | None":
        """What `to_bytes` gave; None where that was of another version, and is to be made anew."""
        version, fingerprint, *numbers = _HEAD.unpack_from(packed)
        if (version, fingerprint) != (VERSION, fingerprints.VERSION):
            return None
        variant, error_type, project, compares, words, *sizes = numbers
        fields = []
        start = _HEAD.size
        for size in sizes:
            pairs = struct.unpack_from(f"<{size}I{size}B", packed, start)
            fields.append(Field(array("I", pairs[:size]), array("B", pairs[size:])))
            start += 5 * size
        return cls(variant, error_type, project, compares, words, *fields)


def features_of(
    error_type: str, error_message: str, stack_trace: str | None, project: str = ""
) -> Features:
    """The features of an error as it was reported."""
    trace = parse_trace(stack_trace) if stack_trace else Trace(None)
    fingerprint = fingerprint_of_trace(error_type, error_message, trace)
    return features_of_trace(fingerprint, error_message, trace, project)


def features_of_trace(
    fingerprint: Fingerprint, error_message: str, trace: Trace, project: str = ""
) -> Features:
    """The features of an error whose trace has been read and whose fingerprint is known."""
    message = with_key_quoted(fingerprint.parts.type, error_message[:_MESSAGE_TEXT])
    said = message_words(message)[:_MESSAGE_WORDS]
    return Features(
        variant=int(fingerprint.variant, 16),
        type=_hash("type", fingerprint.parts.type),
        project=_hash("project", project) if project else 0,
        compares=_COMPARED in fingerprint.parts.message,
        words=len({word for word in said if len(word) > 1 and not word[0].isdigit()}),
        frames=_field(_frame_tokens(trace.frames)),
        message=_field(_message_tokens(said)),
        library=_field(_library_tokens(trace.frames)),
    )


def is_function(token: int) -> bool:
    """Whether a token of `Features.frames` is a whole function, not a module or a word."""
    return token & 1 == 1


def _frame_tokens(frames: Iterable[Frame]) -> Iterator[tuple[int, int]]:
    own = [frame for frame in frames if frame.in_app]
    if len(own) > _INNERMOST + _OUTERMOST:
        own = own[:_INNERMOST] + own[-_OUTERMOST:]
    for position, (module, function, _) in enumerate(own):
        for token in _name_tokens(module, function):
            yield token, position


@lru_cache(8192)
def _name_tokens(module: str, function: str) -> tuple[int, ...]:
    """Of a frame; remembered, since traces have most of their frames in common."""
    words = name_words(f"{_last_part(module)} {function}")
    return (
        _hash("function", module, function) | 1,
        _hash("module", module) & ~1,
        *(_hash("word", word) & ~1 for word in words),
    )


def _message_tokens(words: Iterable[str]) -> Iterator[tuple[int, int]]:
    previous = ""
    for position, word in enumerate(words):
        yield _hash("said", word), position
        yield _hash("pair", previous, word), position
        previous = word


def _library_tokens(frames: Iterable[Frame]) -> Iterator[tuple[int, int]]:
    for position, (module, function, in_app) in enumerate(frames):
        if in_app or position == _LEADING:
            return
        yield _hash("called", module, function), position


def _last_part(module: str) -> str:
    """A class or a file without the packages or folders it stands in."""
    names = _SEPARATORS.split(module)
    return names[-1] if len(names) > 1 else module.rpartition(".")[2]


def _field(tokens: Iterable[tuple[int, int]]) -> Field:
    first: dict[int, int] = {}
    for token, position in tokens:
        first.setdefault(token, position)
    return Field(array("I", first), array("B", first.values()))


def _hash(*texts: str) -> int:
    return crc32("\0".join(texts).encode("utf-8", "replace"))
