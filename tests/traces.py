"""Stack traces of many languages, each labelled with the group it belongs to.

Bases written by hand, with what differs between occurrences of one error put in: line numbers,
ids, checkouts, callers, test runners, errors that wrap it. There are near misses among them: the
same error from another place, another error from the same.
"""

import json
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parent / "traces.ndjson"


class Labelled(NamedTuple):
    """An error as an agent reports it, and the group that a person puts it in."""

    language: str
    group: str
    error_type: str
    error_message: str
    stack_trace: str


def labelled() -> list[Labelled]:
    """All of them, as they stand in the file."""
    return [Labelled(**json.loads(line)) for line in _FILE.read_text("utf-8").splitlines()]
