"""Reading a whole store through the contract, page by page and step by step."""

from functools import partial

from app.schemas.filters import Filters, Order, Position
from app.schemas.records import StoredDocument
from app.storage.base import Changes, Finding, Page, Storage, Tombstone
from app.storage.learned import Decision

ALL = Filters()
PLENTY = 2**40
"""More bytes than any page here holds."""


async def page_after(
    storage: Storage,
    last: StoredDocument | None = None,
    filters: Filters = ALL,
    *,
    order: Order = Order.NEWEST,
    limit: int = 1000,
    max_bytes: int = PLENTY,
) -> Page:
    """The page that follows a pattern; the first where there is none."""
    after = None if last is None else Position(last.timestamp, last.pattern_id)
    return await storage.query(filters, order=order, limit=limit, max_bytes=max_bytes, after=after)


async def paged_ids(
    storage: Storage, filters: Filters = ALL, *, order: Order = Order.NEWEST, limit: int = 1000
) -> list[str]:
    """The id of each match, in the order in which the pages give them."""
    page = await page_after(storage, None, filters, order=order, limit=limit)
    found = [*page.patterns]
    while page.more:
        page = await page_after(storage, found[-1], filters, order=order, limit=limit)
        found += page.patterns
        assert len({pattern.pattern_id for pattern in found}) == len(found), "one came twice"
    return [pattern.pattern_id for pattern in found]


async def changes_after(
    storage: Storage,
    after_seq: int = 0,
    filters: Filters = ALL,
    *,
    limit: int = 1000,
    max_bytes: int = PLENTY,
    deletes: bool = False,
    begun_at: int | None = None,
) -> Changes:
    """One step of an export, the first one unless told where it began."""
    return await storage.changes(
        filters,
        after_seq=after_seq,
        limit=limit,
        max_bytes=max_bytes,
        deletes=deletes,
        begun_at=after_seq if begun_at is None else begun_at,
    )


async def all_changes(
    storage: Storage,
    after_seq: int = 0,
    filters: Filters = ALL,
    *,
    limit: int = 1000,
    deletes: bool = False,
) -> list[StoredDocument | Tombstone]:
    """Every step of an export, until nothing newer is there."""
    read_on = partial(
        changes_after, storage, filters=filters, limit=limit, deletes=deletes, begun_at=after_seq
    )
    found: list[StoredDocument | Tombstone] = []
    step = await read_on(after_seq)
    while step.through > after_seq:
        found += step.changes
        after_seq = step.through
        step = await read_on(after_seq)
    return found


async def all_decisions(storage: Storage) -> list[Decision]:
    """The journal of decisions."""
    found: list[Decision] = []
    while step := await storage.decisions(ALL, after=found[-1].number if found else 0, limit=2):
        found += step
    return found


async def seq_of(storage: Storage, pattern_id: str) -> int:
    """The number of a pattern's latest change."""
    return (await storage.fetch(pattern_id)).stored.seq


async def delete(storage: Storage, *pattern_ids: str) -> int:
    """Delete patterns by their ids; how many."""
    return await storage.delete_many([await seq_of(storage, name) for name in pattern_ids])


async def findings(storage: Storage) -> list[Finding]:
    """All that a check finds."""
    return [finding async for finding in storage.check()]
