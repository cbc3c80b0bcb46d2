"""Writers that go on until the service is gone, each with patterns of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import httpx

from app.schemas.timestamps import DAY, format_timestamp, now
from tests.endurance.ledger import Document, Ledger, State, state_of
from tests.patterns import ndjson, pattern

BATCHES = "/v1/patterns/batch"
LINES = {"Content-Type": "application/x-ndjson"}
BATCH = 20
"""Patterns in a batch."""

ENOUGH = 250
"""Patterns a writer keeps; beyond them it deletes old sessions, so that runs stay fast."""

DUE_DAYS = 100
"""The age of patterns that retention is to delete; all others are far from it."""


class Writer:
    """Does one write after another, and keeps account in its ledger."""

    def __init__(self, name: str, random: Random) -> None:
        self.ledger = Ledger()
        self.strange: list[str] = []
        self._name = name
        self._random = random
        self._made = 0
        self._repeat: Callable[[httpx.AsyncClient], Awaitable[None]] | None = None

    async def write(self, client: httpx.AsyncClient) -> None:
        """Write until there is no answer. What was not answered then is sent again first."""
        try:
            if self._repeat is not None:
                await self._repeat(client)
            while True:
                self._repeat = None
                await self._next()(client)
        except httpx.TransportError:
            return

    def _next(self) -> Callable[[httpx.AsyncClient], Awaitable[None]]:
        if len(self.ledger.present()) > ENOUGH:
            return self._delete_session
        weights = {
            self._post: 30,
            self._put: 15,
            self._patch: 25,
            self._delete: 10,
            self._batch: 15,
            self._batch_due: 5,
        }
        return self._random.choices([*weights], [*weights.values()])[0]

    async def _post(self, client: httpx.AsyncClient) -> None:
        new = self._new(self._random.uniform(0, 12))

        async def post(client: httpx.AsyncClient) -> None:
            self.ledger.sent(new["pattern_id"], State(new, 1))
            answer = await client.post("/v1/patterns", json=new)
            self._settle(new["pattern_id"], answer, 200, 201)

        self._repeat = post
        await post(client)

    async def _put(self, client: httpx.AsyncClient) -> None:
        """Replace one, or create one where there is none or by chance."""
        old = self._chosen()
        if old is None or self._random.random() < 0.3:
            content, revision = self._new(self._random.uniform(0, 12)), 1
        else:
            content, revision = old.content | {"version": self._token()}, old.revision + 1
        self.ledger.sent(content["pattern_id"], State(content, revision))
        answer = await client.put(_path(content["pattern_id"]), json=content)
        self._settle(content["pattern_id"], answer, 200, 201)

    async def _patch(self, client: httpx.AsyncClient) -> None:
        old = self._chosen()
        if old is None:
            return await self._post(client)
        change = {"data": {"note": self._token()}}
        content = old.content | {"data": old.content["data"] | change["data"]}
        pattern_id = content["pattern_id"]
        self.ledger.sent(pattern_id, State(content, old.revision + 1))
        answer = await client.patch(_path(pattern_id), json=change)
        self._settle(pattern_id, answer, 200)
        return None

    async def _delete(self, client: httpx.AsyncClient) -> None:
        old = self._chosen()
        if old is None:
            return
        pattern_id = old.content["pattern_id"]
        self.ledger.sent(pattern_id, None)
        self._settle(pattern_id, await client.delete(_path(pattern_id)), 204)

    async def _batch(self, client: httpx.AsyncClient) -> None:
        days = self._random.uniform(0, 12)
        await self._send([self._new(days) for _ in range(BATCH)], client, due=False)

    async def _batch_due(self, client: httpx.AsyncClient) -> None:
        batch = [self._new(DUE_DAYS) | {"context": {}} for _ in range(BATCH)]
        await self._send(batch, client, due=True)

    async def _send(self, batch: list[Document], client: httpx.AsyncClient, *, due: bool) -> None:
        as_lines = self._random.random() < 0.5

        async def send(client: httpx.AsyncClient) -> None:
            for new in batch:
                self.ledger.sent(new["pattern_id"], State(new, 1), due=due)
            if as_lines:
                answer = await client.post(BATCHES, content=ndjson(batch), headers=LINES)
            else:
                answer = await client.post(BATCHES, json=batch)
            if not self._expected(answer, 200) or answer.json()["received"] != len(batch):
                return
            for new in batch:
                self.ledger.answered(new["pattern_id"], State(new, 1))

        # What retention may have deleted meanwhile would be stored anew: as it should, but
        # then nobody could tell it from what came back by itself.
        self._repeat = None if due else send
        await send(client)

    async def _delete_session(self, client: httpx.AsyncClient) -> None:
        """Delete about a quarter of what is there by a filter."""
        session = self._random.choice([*self.ledger.present().values()]).content["context"]
        gone = [
            name
            for name, state in self.ledger.present().items()
            if state.content["context"] == session
        ]
        for pattern_id in gone:
            self.ledger.sent(pattern_id, None)
        answer = await client.delete("/v1/patterns", params=session)
        if self._expected(answer, 200):
            if answer.json() != {"matched": len(gone), "deleted": len(gone)}:
                self.strange.append(f"of {len(gone)} deleted {answer.text}")
            for pattern_id in gone:
                self.ledger.answered(pattern_id, None)

    def _settle(self, pattern_id: str, answer: httpx.Response, *statuses: int) -> None:
        if self._expected(answer, *statuses):
            state = None if answer.status_code == 204 else state_of(answer.json())
            self.ledger.answered(pattern_id, state)

    def _expected(self, answer: httpx.Response, *statuses: int) -> bool:
        if answer.status_code not in statuses:
            self.strange.append(f"{answer.request.method}: {answer.status_code} {answer.text}")
        return answer.status_code in statuses

    def _chosen(self) -> State | None:
        present = [*self.ledger.present().values()]
        return self._random.choice(present) if present else None

    def _new(self, days: float) -> Document:
        """A pattern some days old, with all that an answer has but `stored`."""
        self._made += 1
        name = f"{self._name}-{self._made}"
        happened = now() - round(days * DAY) + self._random.randrange(1_000_000)
        return pattern(
            pattern_id=name,
            timestamp=format_timestamp(happened),
            data={"note": self._token() * self._random.choice((1, 10, 10, 300))},
            context={"session_id": f"{self._name}-{self._made % 4}"},
            version="1.0",
        )

    def _token(self) -> str:
        return f"{self._random.getrandbits(256):064x}"


async def write_until(killed: Awaitable[Any], url: str, writers: list[Writer]) -> None:
    """Have writers write at the same time, until something that ends the service is done."""
    limits = httpx.Limits(max_connections=len(writers))
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as client:
        writing = [asyncio.create_task(writer.write(client)) for writer in writers]
        await killed
        await asyncio.gather(*writing)


def _path(pattern_id: str) -> str:
    return f"/v1/patterns/{pattern_id}"
