"""Visitors that write patterns of their own, and know at any time what each must be."""

from collections.abc import Mapping
from random import Random

import httpx

from app.schemas.timestamps import now
from tests.endurance.ledger import Document, content_of
from tests.endurance.visitors import Findings, Step, Visitor, Wrong


class Owner(Visitor):
    """Stores, reads, changes and deletes patterns of its own session, one at a time."""

    ENOUGH = 40
    """Patterns that it keeps; then it deletes all of them by a filter."""

    def __init__(
        self, name: str, random: Random, client: httpx.AsyncClient, found: Findings
    ) -> None:
        super().__init__(name, random, client, found)
        self._own: dict[str, Document] = {}

    def steps(self) -> Mapping[Step, int]:
        if not self._own:
            return {self.post: 1}
        if len(self._own) >= self.ENOUGH:
            return {self.delete_all: 1}
        return {
            self.post: 10,
            self.get: 6,
            self.patch: 6,
            self.put: 4,
            self.delete: 3,
            self.count: 2,
        }

    async def post(self) -> None:
        new = self.pattern(now())
        new["context"]["session_id"] = self.name
        answer = await self.ask("POST", "/v1/patterns", 201, json=new)
        self._keep(answer, new, 1)
        self.found.patterns += 1

    async def get(self) -> None:
        known = self._chosen()
        answer = await self.ask("GET", _path(known), 200)
        if answer.json() != known:
            raise Wrong(f"{known} came back as {answer.text}")
        unless = {"If-None-Match": answer.headers["etag"]}
        await self.ask("GET", _path(known), 304, headers=unless)
        await self.ask("HEAD", _path(known), 200)

    async def patch(self) -> None:
        known = self._chosen()
        change = {"note": f"{self.token()} " * self.random.choice((1, 5, 100))}
        answer = await self.ask("PATCH", _path(known), 200, json={"data": change})
        content = content_of(known) | {"data": known["data"] | change}
        self._keep(answer, content, known["stored"]["revision"] + 1)

    async def put(self) -> None:
        known = self._chosen()
        content = content_of(known) | {"version": self.token()}
        answer = await self.ask("PUT", _path(known), 200, json=content)
        self._keep(answer, content, known["stored"]["revision"] + 1)

    async def delete(self) -> None:
        known = self._chosen()
        del self._own[known["pattern_id"]]
        await self.ask("DELETE", _path(known), 204)
        await self.ask("GET", _path(known), 404)

    async def delete_all(self) -> None:
        number = len(self._own)
        self._own.clear()
        session = {"session_id": self.name}
        answer = await self.ask("DELETE", "/v1/patterns", 200, params=session)
        if answer.json() != {"matched": number, "deleted": number}:
            raise Wrong(f"of {number}: {answer.text}")

    async def count(self) -> None:
        session = {"session_id": self.name}
        counted = (await self.ask("GET", "/v1/count", 200, params=session)).json()
        if counted["count"] != len(self._own):
            raise Wrong(f"{counted}, not {len(self._own)}")

    def _chosen(self) -> Document:
        return self._own[self.random.choice([*self._own])]

    def _keep(self, answer: httpx.Response, content: Document, revision: int) -> None:
        """Hold what a write answered against what was sent, and remember it."""
        stored = answer.json()
        if content_of(stored) != content or stored["stored"]["revision"] != revision:
            raise Wrong(f"{content} became {stored}")
        self._own[content["pattern_id"]] = stored


def _path(known: Document) -> str:
    return f"/v1/patterns/{known['pattern_id']}"
