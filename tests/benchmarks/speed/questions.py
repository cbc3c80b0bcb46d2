"""What the load asks and posts, written to files from which wrk takes it."""

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from app.schemas.timestamps import DAY, SECOND
from tests.benchmarks.speed.contestants import LIMIT, SPAN, Contestant, Latest
from tests.benchmarks.speed.kept import IDS
from tests.benchmarks.speed.load import ID, TIME
from tests.benchmarks.speed.processes import Server
from tests.generated import END, TAGS, generated

TYPES = ("task_completion", "error_occurrence", "agent_usage")
_POSTED = 5000
_LOOKED_UP = 20_000
_DEEP = 1000


def latest() -> list[Latest]:
    """Questions of W4 that differ in type, tag and days."""
    ends = [END - days * DAY for days in range(0, 40, 5)]
    return [Latest(*each) for each in itertools.product(TYPES, TAGS, ends)]


def spans() -> list[tuple[int, int]]:
    """Spans of 7 days for W5, beginning at any hour."""
    ends = [END - hours * 3600 * SECOND for hours in range(1, 600, 12)]
    return [(end - SPAN, end) for end in ends]


def some_ids(store: Path) -> list[str]:
    """Ids from all over a kept store, in no order."""
    ids = (store / IDS).read_text().splitlines()
    return Random(0).sample(ids, min(len(ids), _LOOKED_UP))


def lines_to_post(contestant: Contestant) -> Iterator[str]:
    """Patterns as they are posted to a contestant, which happen at that moment."""
    for pattern in generated(_POSTED, seed=1):
        yield contestant.line({**pattern, "pattern_id": ID, "timestamp": TIME})


def written(path: Path, lines: Iterable[str]) -> None:
    """Write a file of lines."""
    path.write_text("".join(f"{line}\n" for line in lines))


def deep_page(server: Server, first: str) -> str:
    """The path of page 1,000 of a query of this service, or of its last full one."""
    path, page = first, 1
    while page < _DEEP:
        cursor = json.loads(server.get(path)[1])["next_cursor"]
        following = f"{first}&{urlencode({'cursor': cursor})}"
        if cursor is None or len(json.loads(server.get(following)[1])["items"]) < LIMIT:
            break
        path, page = following, page + 1
    return path
