"""What reads the traces of one language."""

from collections.abc import Callable
from dataclasses import dataclass

from app.learning.stack import Section


@dataclass(frozen=True, slots=True)
class Language:
    """A language, and what reads its traces.

    At least one of `marks` is in every trace of it, which is quick to find out; `sections` gives
    the chain, the error that was reported first, and nothing at all for what is no such trace.
    """

    name: str
    marks: tuple[str, ...]
    sections: Callable[[str], list[Section]]
