"""A stack trace of any language, as text, read into its frames and errors."""

import re

from app.learning.recursion import without_recursion
from app.learning.stack import Frame, Raised, Section, Trace, joined

__all__ = ["MOST_FRAMES", "MOST_TEXT", "Frame", "Raised", "Trace", "parse_trace"]

MOST_TEXT = 32 * 1024
"""Characters of a trace that are read: of a longer one the first half of these and the last."""

MOST_FRAMES = 256
"""Frames that are kept: of more, all but the last quarter are the innermost."""

_BLANK_LINES = re.compile(r"\n{3,}")
_LOG_PREFIX = re.compile(
    r"^(?:\d{4}-\d\d-\d\d[T ][\d:.,]{5,20}Z? |[\w.-]{1,64} +\| |(?:WARN|ERROR|FATAL): )",
    re.MULTILINE,
)
"""What CI services, `docker compose` and loggers put before each line."""


def parse_trace(text: str) -> Trace:
    """What a trace says; of no language that is known, nothing.

    The language is told by the trace: of those that may be meant, it is the one that reads most
    frames out of it, or the first that makes a frame of every third line. The work is linear in
    what is read, and that is bounded.
    """
    from app.learning.languages import LANGUAGES, Language  # noqa: PLC0415 - until there is one

    text = _excerpt(text)
    language: Language | None = None
    sections: list[Section] = []
    read = 0
    enough = text.count("\n") // 3
    for candidate in LANGUAGES:
        if any(mark in text for mark in candidate.marks):
            found = candidate.sections(text)
            if (frames_found := sum(len(section.frames) for section in found)) > read:
                language, sections, read = candidate, found, frames_found
                if read > enough:
                    break
    if language is None:
        return Trace(None)
    frames = _most(without_recursion(joined(sections)))
    raised = tuple(section.raised for section in sections if section.raised)
    return Trace(language.name, tuple(frames), raised)


def _excerpt(text: str) -> str:
    if len(text) > MOST_TEXT:
        text = f"{text[: MOST_TEXT // 2]}\n{text[-MOST_TEXT // 2 :]}"
    if "\n" not in text and "\\n" in text:  # it was taken out of JSON, or of a log line
        text = text.replace("\\n", "\n").replace("\\t", "\t")
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "\n\n\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return _LOG_PREFIX.sub("", text) if _LOG_PREFIX.match(text) else text


def _most(frames: list[Frame]) -> list[Frame]:
    if len(frames) <= MOST_FRAMES:
        return frames
    outermost = MOST_FRAMES // 4
    return frames[: MOST_FRAMES - outermost] + frames[-outermost:]
