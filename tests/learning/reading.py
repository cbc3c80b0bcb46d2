"""Traces, read into what a test compares."""

from app.learning.trace import Trace, parse_trace


def read(text: str) -> Trace:
    """A trace as it stands in a test: without the line breaks around it."""
    return parse_trace(text.strip("\n") + "\n")


def calls(trace: Trace) -> list[str]:
    """The application's own calls, the innermost first."""
    return [f"{frame.module}:{frame.function}" for frame in trace.frames if frame.in_app]


def elsewhere(trace: Trace) -> list[str]:
    """The modules of all other calls."""
    return [frame.module for frame in trace.frames if not frame.in_app]


def errors(trace: Trace) -> list[tuple[str, str]]:
    """The chain, from the reported error to its root cause."""
    return [(raised.type, raised.message) for raised in trace.raised]
