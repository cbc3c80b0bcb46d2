"""`decisions.ndjson`: what was decided about errors, one JSON line each, as the contract has it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.storage.base import Finding
from app.storage.filesystem.durable import append_lines, write_files
from app.storage.filesystem.layout import DECISIONS
from app.storage.index import journal
from app.storage.index.connections import Connection
from app.storage.learned import Decision


def append_decisions(root: Path, decisions: Sequence[Decision]) -> None:
    """Add decisions, durable on return."""
    append_lines(root / DECISIONS, b"".join(map(_line, decisions)))


def read_decisions(root: Path) -> list[Decision]:
    """All decisions by number; a line that a power failure has cut counts as not written.

    Of two with one number the latter counts: the former was never acknowledged.
    """
    found = {entry.number: entry for entry in _entries(root) if entry is not None}
    return [found[number] for number in sorted(found)]


def write_decisions(root: Path, decisions: Sequence[Decision]) -> None:
    """Replace the file: these are all there are."""
    write_files(root, {DECISIONS: b"".join(map(_line, decisions))})


def mend_decisions(root: Path, known: Sequence[Decision]) -> list[Decision]:
    """All decisions, those that the index knows added where lines of the file are damaged."""
    found = read_decisions(root)
    if None not in _entries(root):
        return found
    numbers = {decision.number for decision in found}
    if lost := [decision for decision in known if decision.number not in numbers]:
        append_decisions(root, lost)
    return read_decisions(root)


def verify_decisions(connection: Connection, root: Path) -> list[Finding]:
    """Whether the file says what the index knows."""
    if read_decisions(root) == journal.everything(connection):
        return []
    return [Finding(DECISIONS, "differs from the index; pattern-store check --repair mends that")]


def _entries(root: Path) -> list[Decision | None]:
    """What each line holds, None where it cannot be read."""
    path = root / DECISIONS
    if not path.exists():
        return []
    found: list[Decision | None] = []
    for line in path.read_bytes().splitlines():
        try:
            found.append(_decision(json.loads(line)))
        except (ValueError, LookupError, TypeError):
            found.append(None)
    return found


def _decision(entry: Any) -> Decision:
    return Decision(**entry | {"projects": tuple(entry["projects"])}).checked()


def _line(decision: Decision) -> bytes:
    return json.dumps(asdict(decision)).encode() + b"\n"
