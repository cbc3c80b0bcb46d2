"""Handing groups on to another version of the algorithm, before errors are learned by it."""

import asyncio
import time
from collections.abc import Callable

from app.learning.inheritance import Estate
from app.schemas.fields import PatternType
from app.schemas.filters import Filters
from app.schemas.timestamps import now
from app.storage.base import Changes, Storage
from app.storage.learned import GROUP_PREFIX, Decisions, LearnedError, Proposal

STEP = 200
"""Errors looked at in one step."""

STEP_BYTES = 1024 * 1024
"""Bytes of their documents, unless it is one."""

_ALL = Filters()
_ERRORS = Filters(pattern_types=(PatternType.ERROR_OCCURRENCE,))
_ENOUGH = 2**31


async def bequeath(
    storage: Storage, analyse: Callable[[Changes], list[LearnedError]], version: int
) -> None:
    """Decide which groups the fingerprints of a version inherit, by all errors there are.

    Nothing changes by it for what was learned so far. It may be broken off at any moment: what
    was decided for the version stays, the rest is decided the next time.
    """
    estate = await _estate(storage, analyse)
    inherited, apart = estate.groups(await _decided(storage)), estate.groups_apart()
    groups = {new: group for new, group in inherited.items() if group != GROUP_PREFIX + new}
    for project in (None, *(name for name in apart if name is not None)):
        content = {
            "version": version,
            "fingerprints": groups if project is None else {},
            "variants": apart.get(project, {}),
        }
        projects, key = ((), "") if project is None else ((project,), f" in {project}")
        proposal = Proposal(Decisions.INHERIT, content, projects, f"inherit {version}{key}")
        await storage.decide(proposal, now())


async def _estate(storage: Storage, analyse: Callable[[Changes], list[LearnedError]]) -> Estate:
    """What all errors are by the version, and where they were."""
    estate = Estate()
    after = 0
    while True:
        started = time.monotonic()
        step = await storage.changes(
            _ERRORS, after_seq=after, limit=STEP, max_bytes=STEP_BYTES, deletes=False, begun_at=0
        )
        if step.through == after:
            return estate
        after = step.through
        found = await asyncio.to_thread(analyse, step)
        origins = await storage.origins([error.seq for error in found])
        for error in found:
            if error.seq in origins:
                origin = origins[error.seq]
                estate.count(
                    error.fingerprint,
                    error.variant,
                    origin.group_id,
                    origin.apart,
                    origin.project_name,
                )
        await asyncio.sleep(time.monotonic() - started)  # others have work to do too


async def _decided(storage: Storage) -> set[str]:
    """The groups that somebody has decided about."""
    undone = await storage.undone()
    merges_and_splits = await storage.decisions(
        _ALL, after=0, limit=_ENOUGH, kinds=(Decisions.MERGE, Decisions.SPLIT)
    )
    return {
        decision.content[name]
        for decision in merges_and_splits
        if decision.number not in undone
        for name in ("group_id", "into")
        if name in decision.content
    }
