"""Visitors that ask one thing after the other, each answer held against what it must be."""

import asyncio
import gzip
import json
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any, TypeAlias
from uuid import UUID

import httpx

from app.schemas.timestamps import DAY, format_timestamp, now
from tests.endurance.clients import Nuisances
from tests.endurance.ledger import Document
from tests.generated import generated
from tests.patterns import ndjson

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Step: TypeAlias = Callable[[], Awaitable[None]]
"""One thing to ask, and to see answered."""

PAUSE_SECONDS = 0.05
"""How long a visitor rests between two of them, on average."""

ERRORS = 300
"""How many errors there are that happen again and again. Of each that is resolved one is kept for
ever: if all were different, soon nothing else would be there."""

_ERROR = "error_occurrence"

MOST_REFUSALS = 10
"""How often a visitor asks the same, where each time it is told to come later."""

RETENTION_DAYS = {
    "task_completion": 20,
    "error_occurrence": 10,
    "agent_usage": 5,
    "user_correction": 3,
}
"""How long patterns are kept."""


class Wrong(Exception):
    """An answer is not what it must be."""


@dataclass(slots=True)
class Findings:
    """How often each thing was asked, the patterns sent, those there at the last look, and what
    was wrong with the answers."""

    asked: Counter[str] = field(default_factory=Counter)
    patterns: int = 0
    stored: float = 0
    problems: list[str] = field(default_factory=list)


class Visitor(ABC):
    """Asks until it is to go; what it does is up to its kind."""

    def __init__(
        self, name: str, random: Random, client: httpx.AsyncClient, found: Findings
    ) -> None:
        self.name = name
        self.random = random
        self.client = client
        self.found = found
        self._patterns = _endless(random)

    @abstractmethod
    def steps(self) -> Mapping[Step, int]:
        """What it may do next, with how often it does."""

    async def stay(self, leave: asyncio.Event) -> None:
        """Do one step after the other."""
        while not leave.is_set():
            steps = self.steps()
            step = self.random.choices([*steps], [*steps.values()])[0]
            what = step.__name__
            self.found.asked[what] += 1
            try:
                await step()
            except (Wrong, httpx.HTTPError, OSError, LookupError, ValueError) as error:
                self.found.problems.append(f"{what}: {error!r}"[:2000])
            await asyncio.sleep(self.random.expovariate(1 / PAUSE_SECONDS))

    async def ask(self, method: str, path: str, *statuses: int, **more: Any) -> httpx.Response:
        """Ask, and raise Wrong unless the answer has one of the statuses.

        Where there is more to do than can be done, ask again as late as the answer says.
        """
        for _ in range(MOST_REFUSALS):
            answer = await self.client.request(method, path, **more)
            if answer.status_code != 429:
                break
            self.found.asked["refused"] += 1
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        if answer.status_code not in statuses:
            raise Wrong(f"{method} {answer.url}: {answer.status_code} {answer.text}")
        return answer

    def pattern(self, happened: int) -> Document:
        """A pattern nobody has sent, of a time in microseconds since the epoch."""
        return next(self._patterns) | {
            "timestamp": format_timestamp(happened),
            "pattern_id": self.token(),
        }

    def token(self) -> str:
        """A text that is nowhere else."""
        return str(UUID(int=self.random.getrandbits(128), version=4))


class Supplier(Visitor):
    """Sends batches of old patterns, kept for no more than a number of seconds; and vanishes."""

    BATCH = 40
    MOST = 15_000
    """Patterns stored beyond which it sends none, where retention takes longer than it does."""

    def __init__(
        self,
        name: str,
        random: Random,
        client: httpx.AsyncClient,
        found: Findings,
        lifetime: float,
    ) -> None:
        super().__init__(name, random, client, found)
        self._lifetime = lifetime

    def steps(self) -> Mapping[Step, int]:
        batches = 6 if self.found.stored < self.MOST else 0
        return {self.batch: batches, self.mistake: 2, self.vanish: 1}

    async def batch(self) -> None:
        batch = [self._expiring() for _ in range(self.BATCH)]
        kind, coding, body = self.random.choice(
            [
                ("application/json", "identity", json.dumps(batch).encode()),
                ("application/x-ndjson", "identity", ndjson(batch)),
                ("application/x-ndjson", "gzip", gzip.compress(ndjson(batch))),
                ("application/x-ndjson", "zstd", zstd.compress(ndjson(batch))),
            ]
        )
        headers = {"Content-Type": kind, "Content-Encoding": coding}
        path = "/v1/patterns/batch"
        counts = (await self.ask("POST", path, 200, content=body, headers=headers)).json()
        if counts["received"] != self.BATCH or counts["stored"] != self.BATCH:
            raise Wrong(f"of {self.BATCH}: {counts}")
        self.found.patterns += self.BATCH

    async def mistake(self) -> None:
        """Ask what must be refused, with a problem that says why."""
        mistakes: list[tuple[str, str, int, dict[str, Any]]] = [
            ("GET", f"/v1/patterns/{self.token()}", 404, {}),
            ("GET", "/v1/patterns", 422, {"params": {"limit": "-1"}}),
            ("POST", "/v1/patterns", 400, {"content": b'{"data":'}),
            ("POST", "/v1/patterns", 422, {"json": {"data": {}}}),
            ("GET", "/v1/nothing", 404, {}),
            ("DELETE", "/healthz", 405, {}),
        ]
        method, path, status, more = self.random.choice(mistakes)
        answer = await self.ask(method, path, status, **more)
        if answer.headers["content-type"] != "application/problem+json":
            raise Wrong(f"{method} {path}: {answer.headers}")

    async def vanish(self) -> None:
        """Begin to post, and go: by a reset, by closing one side, or both."""
        nuisances = Nuisances(str(self.client.base_url))
        begin = self.random.choice((nuisances.vanishing, nuisances.half_closed, nuisances.slow))
        await asyncio.to_thread(begin, 1)
        nuisances.close()

    def _expiring(self) -> Document:
        left = round(self.random.uniform(0.3, 1.0) * self._lifetime * 1_000_000)
        new = self.pattern(now() + left)
        happened = now() + left - RETENTION_DAYS[new["pattern_type"]] * DAY
        return new | {"timestamp": format_timestamp(happened)}


def _endless(random: Random) -> Iterator[Document]:
    some = generated(ERRORS * 8, seed=0)
    errors = [each["data"] for each in some if each["pattern_type"] == _ERROR][:ERRORS]
    for seed in count(random.getrandbits(32)):
        for pattern in generated(400, seed=seed):
            if pattern["pattern_type"] == _ERROR:
                pattern["data"] = random.choice(errors)
            yield pattern
