"""What was read before is read as it is now, though the storage remembers it."""

from app.schemas.records import StoredDocument
from app.storage.base import Storage
from tests.contract.reading import all_changes, delete, page_after
from tests.records import record, records


async def as_pages_and_look_ups_have_it(storage: Storage) -> list[StoredDocument]:
    """Every pattern, by a page of all, as a look-up has it too."""
    page = await page_after(storage)
    for pattern in page.patterns:
        assert await storage.fetch(pattern.pattern_id) == pattern
    return page.patterns


async def test_what_was_read_before_is_read_as_it_is_now(storage: Storage) -> None:
    await storage.insert_many([record("a"), record("b"), record("c")])
    before = await as_pages_and_look_ups_have_it(storage)
    assert await as_pages_and_look_ups_have_it(storage) == before
    changed = await storage.update(record("b", version="2"), seq=2)
    await delete(storage, "c")
    assert await storage.get("c") is None
    again = record("c", data={"note": "another"})
    await storage.insert(again)
    now = {pattern.pattern_id: pattern for pattern in await as_pages_and_look_ups_have_it(storage)}
    assert sorted(now) == ["a", "b", "c"]
    assert now["a"] in before
    assert now["b"] == changed
    assert now["c"].document == again.document


async def test_a_page_of_some_that_were_read_before_and_some_that_were_not_is_in_order(
    storage: Storage,
) -> None:
    await storage.insert_many(records(40))
    for index in (0, 3, 4, 17, 38):
        await storage.fetch(f"p{index:04}")
    found = (await page_after(storage)).patterns
    assert [pattern.pattern_id for pattern in found] == [f"p{n:04}" for n in reversed(range(40))]
    assert {pattern.seq: pattern for pattern in await all_changes(storage)} == {
        pattern.seq: pattern for pattern in found
    }


async def test_a_page_that_was_read_before_holds_no_more_bytes_than_asked(storage: Storage) -> None:
    await storage.insert_many(records(5))
    whole = (await page_after(storage)).patterns
    two = await page_after(storage, max_bytes=len(whole[0].json) + len(whole[1].json))
    assert (two.patterns, two.more) == (whole[:2], True)
