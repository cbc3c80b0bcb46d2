"""`decisions.ndjson` is the truth of what was decided: whatever happens to it or to the index."""

import errno
import json
import shutil
from pathlib import Path

import pytest

from app.errors import StorageUnavailable
from app.storage.base import Storage
from tests.contract.conftest import Store
from tests.contract.learned import decide, grouped, learn, lesson, report
from tests.contract.reading import all_decisions, findings
from tests.filesystem.test_failing_calls import Fault, failing_calls


async def merge(storage: Storage, key: str, into: str = "err-b") -> int:
    return await decide(storage, "merge", key=key, group_id="err-a", into=into)


def lines_in(root: Path) -> list[bytes]:
    return (root / "decisions.ndjson").read_bytes().splitlines(keepends=True)


async def test_decisions_outlive_the_index(store: Store, root: Path) -> None:
    storage = await store.open()
    await report(storage, "1", "a1")
    await merge(storage, "first")
    await decide(storage, "outcome", "p", group_id="err-b", resolution="r", worked=True)
    decisions = await all_decisions(storage)
    await store.close()
    shutil.rmtree(root / ".index")
    storage = await store.open()
    assert await all_decisions(storage) == decisions
    assert await storage.learning() is None
    await learn(storage, lesson(1, "a1"))
    assert await grouped(storage) == {"err-b": 1}
    assert await findings(storage) == []


async def test_a_line_cut_by_a_power_failure_spoils_none_but_itself(
    store: Store, root: Path
) -> None:
    await merge(await store.open(), "first")
    await store.close()
    first, *_ = lines_in(root)
    (root / "decisions.ndjson").write_bytes(first + b'{"number": 2, "at"')
    shutil.rmtree(root / ".index")
    storage = await store.open()
    assert await merge(storage, "second") == 2
    assert [each.key for each in await all_decisions(storage)] == ["first", "second"]
    await store.close()
    shutil.rmtree(root / ".index")
    storage = await store.open()
    assert [each.key for each in await all_decisions(storage)] == ["first", "second"]
    assert await findings(storage) == []


@pytest.mark.parametrize("damage", [b"\0" * 40 + b"\n", b"{}\n", b'{"number": 1}\n', b"\xff\n"])
async def test_what_the_index_knows_of_a_damaged_line_is_written_anew(
    store: Store, root: Path, damage: bytes
) -> None:
    storage = await store.open()
    for key in ("first", "second"):
        await merge(storage, key)
    decisions = await all_decisions(storage)
    (root / "decisions.ndjson").write_bytes(damage + lines_in(root)[1])
    assert [finding.place for finding in await findings(storage)] == ["decisions.ndjson"]
    storage._trusted = False  # type: ignore[attr-defined]
    await storage.repair()
    assert await all_decisions(storage) == decisions
    assert await findings(storage) == []
    assert json.loads(lines_in(root)[-1])["key"] == "first"


async def test_what_was_taken_out_by_hand_counts_no_more(store: Store, root: Path) -> None:
    storage = await store.open()
    await report(storage, "1", "a1")
    await merge(storage, "first")
    await merge(storage, "second", into="err-c")
    await store.close()
    (root / "decisions.ndjson").write_bytes(lines_in(root)[0])
    record = json.loads((root / "store.json").read_bytes())
    (root / "store.json").write_text(json.dumps(record | {"closed": None}))  # as after a kill
    storage = await store.open()
    assert [each.key for each in await all_decisions(storage)] == ["first"]
    assert await grouped(storage) == {"err-b": 1}


@pytest.mark.parametrize("short", [False, True], ids=["fails", "is cut short"])
async def test_a_decision_that_cannot_be_written_is_not_made(
    storage: Storage, root: Path, short: bool
) -> None:
    await merge(storage, "there")
    made = ["there"]
    for call in range(1, 9):
        fault = Fault(call, errno.ENOSPC, lasting=False, short=short)
        with failing_calls(root, fault):
            try:
                await merge(storage, f"tried {call}")
                made.append(f"tried {call}")
            except StorageUnavailable:
                assert fault.calls >= call
        made.append(f"after {call}")
        await merge(storage, made[-1])
        await storage.repair()
        assert [each.key for each in await all_decisions(storage)] == made
        assert await findings(storage) == []
        if fault.calls < call:
            assert call > 2
            return
    raise AssertionError("the calls do not come to an end")
