"""The store with many errors, built once by the service itself, and what is asked of it."""

import inspect
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from app.service.known_errors import ANALYSIS_VERSION
from app.storage.index import schema
from tests.benchmarks.scale import errors
from tests.benchmarks.scale.asking import Connection, is_known
from tests.benchmarks.speed.contestants import Service
from tests.benchmarks.speed.kept import KeptStores

QUESTIONS = 2000
NEW = 25
_BATCH = 1000
_ASKED = "asked.json"
_PATIENCE_SECONDS = 3600.0
_POLL_SECONDS = 0.5

Bodies = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a store is asked: errors it knows and does not know; and `new` patterns to post.

    Each of these is of a group of its own, and has a resolution.
    """

    known: Bodies
    unknown: Bodies
    new: Bodies


def built(folder: Path, number: int) -> tuple[Path, Asked]:
    """The folder of a store with so many errors, all learned, and what to ask of it."""
    recipe = "".join((inspect.getsource(errors), inspect.getsource(_build), *schema.MIGRATIONS))
    kept = KeptStores(folder, lambda what: print(what, file=sys.stderr))
    path = kept.kept(
        f"errors-{number}", f"{recipe}{ANALYSIS_VERSION}", lambda target: _build(target, number)
    )
    return path, Asked(**json.loads((path / _ASKED).read_text()))


def _build(folder: Path, number: int) -> None:
    chance = Random(7)
    stored = max(2, number // errors.ERRORS_IN_GROUP)
    questions = max(1, min(QUESTIONS, number) // 2)
    every = errors.groups()
    *groups, last = islice(every, stored)
    others = [*islice(every, questions)]
    asked_again = islice(errors.occurrences(groups, stored + questions, chance), stored, None)
    asked = Asked(
        [group.question(chance) for group in asked_again],
        [group.question(chance) for group in others],
        [_solved(group, chance) for group in islice(every, NEW)],
    )
    (folder / _ASKED).write_text(json.dumps(asdict(asked)))
    with Service().server(folder) as server:
        server.wait_for(Service.ready)
        with closing(Connection(server.port)) as connection:
            reported = _reported(groups, number - 1, chance)
            while batch := b"".join(islice(reported, _BATCH)):
                connection.post_lines(batch)
            _await_learned(connection, last, chance)


def _solved(group: errors.Group, chance: Random) -> dict[str, Any]:
    pattern = group.pattern(f"new-{group.number}", chance)
    pattern["data"]["resolution"] = f"Fix what group {group.number} is."
    return pattern


def _reported(groups: list[errors.Group], number: int, chance: Random) -> Iterator[bytes]:
    for place, group in enumerate(errors.occurrences(groups, number, chance)):
        yield json.dumps(group.pattern(f"known-{place}", chance)).encode() + b"\n"


def _await_learned(connection: Connection, last: errors.Group, chance: Random) -> None:
    """Tell the last error, and wait until it is known: it is learned after all others."""
    connection.post("/v1/patterns", last.pattern("last", chance))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_known(connection.resolve(last.question(chance))):
        if time.monotonic() > deadline:
            raise RuntimeError("The service does not learn what it was told.")
        time.sleep(_POLL_SECONDS)
