"""Reading what can be read of a damaged store, around what cannot."""

from collections.abc import AsyncIterator, Callable

from app.errors import DamagedStore
from app.schemas.filters import Filters
from app.storage.base import Changes, Storage

STEP = 500
"""Patterns read in one step where nothing is damaged."""

_STEP_BYTES = 8 * 1024 * 1024

_GIVE_UP_AFTER = 100_000
"""Numbers in a row that cannot be read, after which nothing is thought to follow."""


async def readable_changes(
    storage: Storage, *, after_seq: int, deletes: bool, on_damage: Callable[[str], None]
) -> AsyncIterator[Changes]:
    """All changes that can be read, in steps; `on_damage` hears why some cannot, often repeatedly.

    Near damage it goes number by number, since a page that is broken hides which numbers it has.
    """
    limit, failed = STEP, 0
    begun_at = after_seq
    while failed < _GIVE_UP_AFTER:
        try:
            step = await storage.changes(
                Filters(),
                after_seq=after_seq,
                limit=limit,
                max_bytes=_STEP_BYTES,
                deletes=deletes,
                begun_at=begun_at,
            )
        except DamagedStore as error:
            if limit == 1:
                after_seq, failed = after_seq + 1, failed + 1
                on_damage(str(error))
            limit = max(1, limit // 2)
            continue
        yield step
        if step.through == after_seq:
            return
        after_seq, failed = step.through, 0
        limit = min(2 * limit, STEP)
