"""A store that has seen something: updates, deletions, old days, decisions."""

from app.schemas.records import Record, record_of
from app.schemas.timestamps import DAY, SECOND, now, parse_timestamp
from app.storage.base import Storage
from tests.contract.learned import decide
from tests.generated import END, generated

PATTERNS = 2000
STEP = 500


async def make_history(storage: Storage) -> None:
    """Store 2,000 patterns of 90 days, change and delete some, compress the oldest 60 days.

    And decide something about errors.
    """
    records = [_record(each) for each in generated(PATTERNS)]
    for start in range(0, PATTERNS, STEP):
        await storage.insert_many(records[start : start + STEP])
    ids = [record.pattern_id for record in records]
    await _delete(storage, ids[5::50])
    await storage.purge_tombstones(now() + DAY)
    for record in records[3::20]:
        await _update(storage, record)
    async for _ in storage.compress(END - 30 * DAY):
        pass
    await _delete(storage, ids[7::50])
    for record in records[4::40]:
        await _update(storage, record)
    await storage.insert(records[7])
    await decide(storage, "merge", "checkout", group_id="err-a", into="err-b")
    await decide(storage, "outcome", key="k", group_id="err-b", resolution="r", worked=True)
    await decide(storage, "undo", decision=1)


def _record(pattern: dict[str, object]) -> Record:
    """As it was received five seconds after it happened."""
    at = parse_timestamp(str(pattern["timestamp"])) + 5 * SECOND
    return record_of(pattern, pattern_id=str(pattern["pattern_id"]), at=at)


async def _update(storage: Storage, record: Record) -> None:
    current = await storage.fetch(record.pattern_id)
    changed = record.content() | {"version": f"1.{current.stored.revision}"}
    new = record_of(changed, pattern_id=record.pattern_id, at=current.stored.at)
    await storage.update(new, current.seq)


async def _delete(storage: Storage, pattern_ids: list[str]) -> None:
    await storage.delete_many([(await storage.fetch(each)).seq for each in pattern_ids])
