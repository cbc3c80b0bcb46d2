"""Recursion written once, however deep it was."""

from collections.abc import Sequence

from app.learning.stack import Frame

LONGEST_CYCLE = 32
"""Calls from a function back to itself that are still seen as one cycle."""


def without_recursion(frames: Sequence[Frame]) -> list[Frame]:
    """Frames where each run of a repeated cycle stands once, and a part of it left over not at all.

    A cycle begins with its least frame, so that it does not matter where in it the stack was full.
    Each frame is looked at `LONGEST_CYCLE` times at most.
    """
    if len(set(frames)) == len(frames):
        return list(frames)
    kept: list[Frame] = []
    last_seen: dict[Frame, int] = {}
    at = 0
    while at < len(frames):
        frame = frames[at]
        seen = last_seen.get(frame)
        length = at - seen if seen is not None else 0
        last_seen[frame] = at
        if 0 < length <= LONGEST_CYCLE and length <= len(kept):
            cycle = frames[at - length : at]
            if frames[at : at + length] == cycle and kept[-length:] == list(cycle):
                at = _end_of_run(frames, at, length)
                kept[-length:] = _rotated(cycle)
                last_seen.clear()
                continue
        kept.append(frame)
        at += 1
    return kept


def _end_of_run(frames: Sequence[Frame], start: int, length: int) -> int:
    end = start
    while end < len(frames) and frames[end] == frames[end - length]:
        end += 1
    return end


def _rotated(cycle: Sequence[Frame]) -> list[Frame]:
    least = min(range(len(cycle)), key=cycle.__getitem__)
    return [*cycle[least:], *cycle[:least]]
