"""Errors are learned as they come in, and what was learned outlives the process."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from app.learning.fingerprint import Fingerprint, fingerprint_of
from app.service.feed import Feed
from app.service.learner import Exemplar, Learner
from app.storage.base import Storage
from app.storage.learned import VariantName
from tests.contract.conftest import Store
from tests.contract.learned import ALL, error, listed
from tests.contract.reading import delete, seq_of
from tests.records import record


class Index:
    """An index that knows its exemplars' features by their names."""

    def __init__(self) -> None:
        self.known: dict[VariantName, bytes] = {}

    def put(self, exemplars: Sequence[Exemplar]) -> None:
        self.known |= {exemplar.name: exemplar.features for exemplar in exemplars}

    def remove(self, names: Sequence[VariantName]) -> None:
        for name in names:
            del self.known[name]


def analysed(
    error_type: str, error_message: str, stack_trace: str | None, project_name: str
) -> tuple[Fingerprint, bytes]:
    """Errors that say so cannot be analysed; features are the message and the project."""
    if error_message == "poison":
        raise ValueError(error_message)
    features = f"{error_message} of {project_name}".encode()
    return fingerprint_of(error_type, error_message, stack_trace), features


class Learning:
    """A learner and its feed, over a storage."""

    def __init__(self, storage: Storage) -> None:
        self.index = Index()
        self.learner = Learner(storage, self.index, analysis=analysed)
        self.feed = Feed(storage, [self.learner])

    async def __aenter__(self) -> "Learning":
        self.feed.start()
        await self.feed.caught_up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.feed.stop()

    @property
    def features(self) -> set[bytes]:
        return set(self.index.known.values())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    place = Store(f"sqlite:///{tmp_path}/patterns.db")
    yield place
    await place.close()


async def test_errors_are_grouped_by_their_fingerprint_and_nothing_else_is(store: Store) -> None:
    storage = await store.open()
    alike = [error(str(number), data={"error_message": f"took {number} ms"}) for number in range(3)]
    await storage.insert_many([*alike, error("other"), record("4")])
    async with Learning(storage) as learning:
        assert len(learning.features) == 2
        counts = {group.title: group.count for group in await listed(storage)}
    expected = fingerprint_of("TypeError", "took 1 ms", None)
    assert counts[expected.title] == 3
    assert sorted(counts.values()) == [1, 3]
    assert f"err-{expected.group}" in {group.group_id for group in await listed(storage)}


async def test_the_index_follows_changes_and_deletions(store: Store) -> None:
    storage = await store.open()
    async with Learning(storage) as learning:
        await storage.insert_many([error(name, "p", data={"error_message": name}) for name in "ab"])
        await learning.feed.caught_up()
        assert learning.features == {b"a of p", b"b of p"}
        changed = error("a", "p", data={"error_message": "c"})
        await storage.update(changed, await seq_of(storage, "a"))
        await learning.feed.caught_up()
        assert learning.features == {b"b of p", b"c of p"}
        await delete(storage, "a", "b")
        await learning.feed.caught_up()
        assert learning.features == set()


async def test_what_was_learned_is_loaded_and_not_learned_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = await store.open()
    await storage.insert(error("a", "p", data={"error_message": "a"}))
    async with Learning(storage):
        pass
    storage = await store.reopen()
    learning = Learning(storage)
    learned: list[int] = []
    learn = storage.learn

    async def remember(errors: Sequence[object], *rest: object) -> object:
        learned.append(len(errors))
        return await learn(errors, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(storage, "learn", remember)
    async with learning:
        assert learning.learner.ready.is_set()
        assert learning.features == {b"a of p"}
        await storage.insert(error("b", "p", data={"error_message": "b"}))
        await learning.feed.caught_up()
        assert learning.features == {b"a of p", b"b of p"}
    assert learned == [1]


async def test_an_error_that_cannot_be_learned_keeps_no_other_from_it(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    storage = await store.open()
    texts = ["before", "poison", "after"]
    await storage.insert_many([error(text, data={"error_message": text}) for text in texts])
    async with Learning(storage):
        pass
    assert set(await storage.memberships(texts, ALL)) == {"before", "after"}
    assert [each.getMessage() for each in caplog.records] == ["error not learned"]


async def test_resolutions_are_one_but_for_case_and_white_space(store: Store) -> None:
    storage = await store.open()
    texts = ["Restart  it", "restart it\n", "wait", " ", ""]
    await storage.insert_many(
        [error(str(place), data={"resolution": text}) for place, text in enumerate(texts)]
    )
    async with Learning(storage):
        (group,) = await listed(storage)
        found = await storage.resolutions([group.group_id], ALL)
    assert {each.text: each.occurrences for each in found} == {"restart it\n": 2, "wait": 1}
