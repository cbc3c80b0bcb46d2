"""Decisions about errors: made, told, undone."""

from collections.abc import Callable, Mapping, Sequence

from app.errors import DecisionNotFound
from app.schemas import error_answers
from app.schemas.filters import Filters, Position
from app.schemas.records import LARGEST_SEQ
from app.schemas.timestamps import format_timestamp
from app.service.cursors import decode_cursor, encode_cursor
from app.storage.base import Storage
from app.storage.learned import Decision, Decisions, Proposal

STEP = 1000
"""Decisions read at a time."""

_ALL = Filters()


class DecisionService:
    """The decisions of one store."""

    def __init__(self, storage: Storage, clock: Callable[[], int]) -> None:
        self._storage = storage
        self.clock = clock

    async def make(self, proposal: Proposal) -> Decision:
        """Make a decision now; where its key has one already, it is that."""
        decision, _ = await self.make_once(proposal)
        return decision

    async def make_once(self, proposal: Proposal) -> tuple[Decision, bool]:
        """The same, and whether it is made by this."""
        return await self._storage.decide(proposal, self.clock())

    async def undo(self, number: int) -> Decision:
        """Undo a decision, unless it is undone; what does. Raises DecisionNotFound."""
        decision = await self._storage.decision(number, _ALL)
        if decision is None:
            raise DecisionNotFound(str(number))
        undone_by = (await self._storage.undone()).get(number)
        if undone_by is not None:
            undoing = await self._storage.decision(undone_by, _ALL)
            assert undoing is not None, "it reaches what it undoes, and no further"
            return undoing
        return await self.make(Proposal(Decisions.UNDO, {"decision": number}, decision.projects))

    async def page(
        self, *, kinds: Sequence[str], limit: int, cursor: str | None
    ) -> error_answers.DecisionPage:
        """A page of decisions, the latest first. Raises InvalidRequest for another's cursor."""
        question = f"decisions {kinds}"
        after = LARGEST_SEQ
        if cursor is not None:
            after = decode_cursor(cursor, _ALL, question).timestamp
        found = await self._storage.decisions(
            _ALL, after=after, limit=limit + 1, kinds=kinds, newest_first=True
        )
        following = None
        if len(found) > limit:
            following = encode_cursor(Position(found[limit - 1].number, ""), _ALL, question)
        undone = await self._storage.undone()
        return {
            "items": [told(decision, undone) for decision in found[:limit]],
            "next_cursor": following,
        }

    async def tell(self, decision: Decision) -> error_answers.Decision:
        """A decision as the API answers it."""
        return told(decision, await self._storage.undone())

    async def about(self, group_id: str) -> list[error_answers.Decision]:
        """The merges and splits that count and made a group what it is, in their order."""
        undone = await self._storage.undone()
        found: list[Decision] = []
        kinds = (Decisions.MERGE, Decisions.SPLIT)
        while step := await self._storage.decisions(
            _ALL, after=found[-1].number if found else 0, limit=STEP, kinds=kinds
        ):
            found += step
        counting = [decision for decision in found if decision.number not in undone]
        groups = {group_id}
        for decision in reversed(counting):  # what went into a group that later went into it
            if decision.content.get("into") in groups:
                groups.add(decision.content["group_id"])
        return [
            told(decision, undone)
            for decision in counting
            if groups.intersection(map(decision.content.get, ("into", "group_id", "new_group_id")))
        ]


def told(decision: Decision, undone: Mapping[int, int]) -> error_answers.Decision:
    """A decision as the API answers it."""
    return {
        "number": decision.number,
        "at": format_timestamp(decision.at),
        "after_seq": decision.after_seq,
        "kind": decision.kind,
        "projects": [*decision.projects],
        "content": dict(decision.content),
        "undone_by": undone.get(decision.number),
    }
