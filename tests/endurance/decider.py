"""A writer that reports errors, and decides which of them are one."""

from collections.abc import Awaitable, Callable, Iterator
from random import Random
from typing import Any

import httpx

from app.learning.fingerprint import fingerprint_of
from tests.endurance.ledger import Document
from tests.endurance.writers import ENOUGH, Writer

WORDS = ("alpha", "beta", "gamma", "delta")
"""Each makes an error of its own."""


class Decider(Writer):
    """Keeps account of decisions as well."""

    def __init__(self, name: str, random: Random) -> None:
        super().__init__(name, random)
        self._decided: dict[int, Document] = {}

    @property
    def decisions(self) -> int:
        """How many were acknowledged."""
        return len(self._decided)

    def problems_with(self, told: list[Document]) -> Iterator[str]:
        """What is wrong with the decisions that a store tells of."""
        found = {decision["number"]: decision for decision in told}
        if len(found) < len(told):
            yield f"doubled: {len(told)} decisions with {len(found)} numbers"
        for number, decision in self._decided.items():
            there = found.get(number)
            if there is None or there | {"undone_by": None} != decision:
                yield f"lost: the decision {decision}, there is {there}"

    def _next(self) -> Callable[[httpx.AsyncClient], Awaitable[None]]:
        if len(self.ledger.present()) > ENOUGH:
            return self._delete_session
        weights = {self._post: 20, self._delete: 10, self._merge: 30, self._undo: 15}
        return self._random.choices([*weights], [*weights.values()])[0]

    def _new(self, days: float) -> Document:
        new = super()._new(days)
        data = {"error_type": "KillError", "error_message": self._random.choice(WORDS)}
        return new | {"pattern_type": "error_occurrence", "data": data}

    async def _merge(self, client: httpx.AsyncClient) -> None:
        one, other = map(_group, self._random.sample(WORDS, 2))
        answer = await client.post(f"/v1/errors/{one}/merge", json={"into": other})
        if answer.status_code in (404, 422):  # there is no such group yet, or they are one
            return
        if self._expected(answer, 201):
            self._note(answer.json()["decision"])

    async def _undo(self, client: httpx.AsyncClient) -> None:
        if not self._decided:
            return
        number = self._random.choice([*self._decided])
        answer = await client.delete(f"/v1/decisions/{number}")
        if self._expected(answer, 200):
            self._note(answer.json()["decision"])

    def _note(self, decision: dict[str, Any]) -> None:
        self._decided[decision["number"]] = decision | {"undone_by": None}


async def all_decisions(client: httpx.AsyncClient) -> list[Document]:
    """The decisions that a service tells of."""
    found: list[Document] = []
    page: Document = {"next_cursor": ""}
    while page["next_cursor"] is not None:
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else ""
        page = (await client.get(f"/v1/decisions?limit=1000{cursor}")).json()
        found += page["items"]
    return found


def _group(word: str) -> str:
    return f"err-{fingerprint_of('KillError', word, None).group}"
