"""Copying a store into another one, of whatever backends, and comparing the two."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass

from app.errors import PatternStoreError
from app.schemas.filters import Filters
from app.service.export import export_lines
from app.storage.base import Change, Changes, Finding, Storage, Tombstone
from app.storage.learned import Decision

STEP = 1000
"""Changes copied in one transaction."""

STEP_BYTES = 16 * 1024 * 1024
"""Bytes of their documents, at most."""


class TargetNotEmpty(PatternStoreError):
    """The store to fill holds something that the one to copy does not."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that a store holds: patterns, remembered deletions, decisions, and a hash over these.

    The hash is SHA-256 over the lines of an export with deletions, so it covers documents,
    receipt times, revisions and numbers, in the order of the numbers; and then over the decisions.
    """

    patterns: int
    deletions: int
    decisions: int
    sha256: str

    def __str__(self) -> str:
        return (
            f"{self.patterns} patterns, {self.deletions} deletions, {self.decisions} decisions, "
            f"SHA-256 {self.sha256}"
        )


async def copy(source: Storage, target: Storage, on_progress: Callable[[int], None]) -> None:
    """Give a store all that another has; `on_progress` hears of changes copied or found there.

    The target is empty, or what a copy of the same source left that was broken off. Raises
    TargetNotEmpty, with nothing changed, where it is anything else.
    """
    await _compare_decisions(source, target)
    through, copied = await _already_copied(source, target)
    async for step in _steps(source, after_seq=through):
        await target.restore(step.changes)
        copied += len(step.changes)
        on_progress(copied)
    async for decisions in _decisions(source):
        await target.restore_decisions(decisions)
    summary = await source.summary(0)
    await target.restore([], last_seq=summary.last_seq, purged_seq=summary.purged_seq)


async def inventory(storage: Storage, on_progress: Callable[[int], None]) -> Inventory:
    """Read all that a store holds; `on_progress` hears of changes read."""
    patterns = deletions = 0
    digest = hashlib.sha256()
    async for step in _steps(storage, after_seq=0):
        digest.update(export_lines(step))
        gone = sum(isinstance(change, Tombstone) for change in step.changes)
        deletions += gone
        patterns += len(step.changes) - gone
        on_progress(patterns + deletions)
    decided = 0
    async for decisions in _decisions(storage):
        decided += len(decisions)
        digest.update(json.dumps([asdict(decision) for decision in decisions]).encode())
    return Inventory(patterns, deletions, decided, digest.hexdigest())


async def damage(storage: Storage) -> list[Finding]:
    """What a check finds: that what a backend keeps beside its index agrees with it."""
    return [finding async for finding in storage.check()]


async def _already_copied(source: Storage, target: Storage) -> tuple[int, int]:
    """The number up to which the target has all that the source has, and how much that is."""
    through = copied = 0
    complete = True
    theirs = _changes(source)
    async for change in _changes(target):
        async for other in theirs:
            if other.seq >= change.seq:
                break
            complete = False
        else:
            raise _foreign(change)
        if other != change:
            raise _foreign(change)
        if complete:
            through, copied = change.seq, copied + 1
    return through, copied


async def _compare_decisions(source: Storage, target: Storage) -> None:
    """See that the target has no decision that the source does not have."""
    async for ours in _decisions(target):
        theirs = await source.decisions(Filters(), after=ours[0].number - 1, limit=len(ours))
        for decision in ours:
            if decision not in theirs:
                raise TargetNotEmpty(
                    f"The store to fill holds a decision with the number {decision.number}, which "
                    "the one to copy does not have so. Name a new place, or remove what is there."
                )


def _foreign(change: Change) -> TargetNotEmpty:
    return TargetNotEmpty(
        f"The store to fill holds {change.pattern_id!r} with the number {change.seq}, which the "
        "one to copy does not have so. Name a new place, or remove what is there."
    )


async def _changes(storage: Storage) -> AsyncIterator[Change]:
    async for step in _steps(storage, after_seq=0):
        for change in step.changes:
            yield change


async def _decisions(storage: Storage) -> AsyncIterator[list[Decision]]:
    after = 0
    while found := await storage.decisions(Filters(), after=after, limit=STEP):
        yield found
        after = found[-1].number


async def _steps(storage: Storage, after_seq: int) -> AsyncIterator[Changes]:
    while True:
        step = await storage.changes(
            Filters(),
            after_seq=after_seq,
            limit=STEP,
            max_bytes=STEP_BYTES,
            deletes=True,
            begun_at=0,
        )
        if step.through == after_seq:
            return
        yield step
        after_seq = step.through
