"""What a stack trace says, whatever language printed it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

LONGEST_NAME = 300
"""Characters of a class, function or file that are read; no compiler takes many more."""

REMEMBERED = 4096
"""Frames a language remembers the names of, since traces have most of their frames in common."""


class Frame(NamedTuple):
    """A call in a trace, by names alone: where in a file it stands changes with every edit.

    `module` is a class, package or file, as the language names it, without what compilers,
    bundlers and proxies add; `in_app` is false for the runtime, test runners and libraries.
    """

    module: str
    function: str
    in_app: bool


class Raised(NamedTuple):
    """An error of a chain. The message is as printed; it may be of several lines."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace, read: of no known language, it has neither frames nor errors.

    `frames` begin where the first error was raised, and end where the program began;
    `raised` begins with the error that was reported, and ends with its root cause.
    """

    language: str | None
    frames: tuple[Frame, ...] = ()
    raised: tuple[Raised, ...] = ()


class Section(NamedTuple):
    """One error of a chain and its frames, the innermost first."""

    raised: Raised | None
    frames: list[Frame]


def joined(sections: Sequence[Section]) -> list[Frame]:
    """The frames of a chain, that of the root cause first.

    `sections` begin with the error that was reported. Calls an error shares with the one that
    wraps it are taken once, as Java's `Throwable.printStackTrace` does.
    """
    if len(sections) == 1:
        return sections[0].frames
    frames: list[Frame] = []
    for section in sections:
        own = len(section.frames)
        outer = len(frames)
        while own and outer and section.frames[own - 1] == frames[outer - 1]:
            own -= 1
            outer -= 1
        frames = section.frames[:own] + frames
    return frames


def application_or(worked_on: Callable[[Frame], Frame], sections: list[Section]) -> list[Section]:
    """A chain; where no frame is the application's, each is what `worked_on` makes of it.

    That is what the traces look like of those who work on a library.
    """
    if any(frame.in_app for section in sections for frame in section.frames):
        return sections
    return [Section(raised, [worked_on(frame) for frame in frames]) for raised, frames in sections]
