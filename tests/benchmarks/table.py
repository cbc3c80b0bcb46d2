"""A benchmark's table, and how numbers stand in it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Row: TypeAlias = tuple[str, ...]
"""The cells of a line."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A measurement: the heads of its columns, and what yields its rows as it goes.

    `run` is given a folder to build in and a number of patterns; `patterns` if none is asked for.
    What it builds is removed, unless it `keeps` it for the next time.
    """

    heads: Row
    run: Callable[[Path, int], AsyncIterator[Row]]
    patterns: int = 100_000
    keeps: bool = False


def line_of(row: Row) -> str:
    """A row as Markdown."""
    return f"| {' | '.join(row)} |"


def size(number: float) -> str:
    """A number of bytes, for people."""
    return f"{number:,.0f} B"


def ratio(part: float, whole: float) -> str:
    """How much one is of the other."""
    return f"{part / whole:.3f}"


def milliseconds(seconds: float) -> str:
    """A time, for people."""
    return f"{seconds * 1000:.2f} ms"
