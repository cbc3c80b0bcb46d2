"""Any history of writes leaves a store as a plain dictionary would be, and sound."""

from random import Random

import pytest

from app.errors import PatternChanged
from app.schemas.filters import Filters
from app.schemas.records import Record
from app.schemas.timestamps import DAY, format_timestamp, now
from app.storage.base import Storage
from tests.contract.conftest import Store
from tests.contract.model import Model
from tests.contract.reading import all_changes, findings
from tests.records import NOON, record

IDS = [f"p{number}" for number in range(14)]


class History:
    """The same calls, made to a storage and to a model of it."""

    def __init__(self, storage: Storage, seed: int) -> None:
        self.storage = storage
        self.model = Model()
        self._random = Random(seed)

    async def go_on(self) -> None:
        """Make a call that may be any, and compare what it returns."""
        calls = (self.insert, self.insert, self.update, self.update, self.delete, self.purge)
        await self._random.choices(calls, weights=(6, 6, 6, 6, 4, 1))[0]()

    async def insert(self) -> None:
        new = [self._record(self._random.choice(IDS)) for _ in range(self._random.randint(1, 5))]
        assert await self.storage.insert_many(new) == self.model.insert_many(new)

    async def update(self) -> None:
        new, seq = self._record(self._random.choice(IDS)), self._some_seq()
        expected = self.model.update(new, seq)
        if expected is None:
            with pytest.raises(PatternChanged):
                await self.storage.update(new, seq)
        else:
            assert await self.storage.update(new, seq) == expected

    async def delete(self) -> None:
        seqs = [self._some_seq() for _ in range(self._random.randint(1, 4))]
        assert await self.storage.delete_many(seqs) == self.model.delete_many(seqs)

    async def purge(self) -> None:
        assert await self.storage.purge_tombstones(now() + DAY) == self.model.purge_tombstones()

    async def assert_same(self) -> None:
        """Everything that can be read is as it is in the model."""
        for name in IDS:
            assert await self.storage.get(name) == self.model.get(name)
        assert await all_changes(self.storage, limit=9, deletes=True) == self.model.changes()
        types = [entry.record.pattern_type for entry in self.model.entries.values()]
        counted = {name: types.count(name) for name in set(types)}
        assert (await self.storage.count(Filters())).by_type == counted
        assert (await self.storage.summary(NOON)).last_seq == self.model.last_seq
        assert await findings(self.storage) == []

    def _record(self, pattern_id: str) -> Record:
        """One of few contents; those of one id share what never changes."""
        number = IDS.index(pattern_id)
        content = self._random.randrange(4)
        return record(
            pattern_id,
            ("task_completion", "error_occurrence")[number % 2],
            at=NOON,
            timestamp=format_timestamp(NOON + number % 5 * DAY),
            data={"error_message": f"word{content} value", "task_type": f"type{content}"},
            context={
                "project_name": f"project{content % 2}",
                "tags": ["every", f"tag{content}\0", "日本", "every"],
            },
        )

    def _some_seq(self) -> int:
        present = [entry.stored.seq for entry in self.model.entries.values()]
        return self._random.choice([*present, self._random.randint(0, self.model.last_seq + 1)])


@pytest.mark.parametrize("seed", range(4))
async def test_after_any_history_a_store_holds_what_a_dictionary_holds_and_is_sound(
    store: Store, seed: int
) -> None:
    history = History(await store.open(), seed)
    for _ in range(4):
        for _ in range(40):
            await history.go_on()
        await history.assert_same()
        history.storage = await store.reopen()
        await history.assert_same()
