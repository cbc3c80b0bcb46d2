"""`pattern-store export` and `import --preserve`: what goes through lines comes back the same."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app import cli
from app.schemas.records import StoredDocument
from app.storage.base import Change
from tests.conftest import BACKENDS
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, findings
from tests.histories import make_history
from tests.patterns import ndjson, pattern
from tests.records import record


async def run(*words: str, stdin: bytes | None = None) -> Result:
    return await asyncio.to_thread(lambda: CliRunner().invoke(cli.app, words, stdin))


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A place with nothing in it yet."""
    place = Store(BACKENDS[request.param].format(folder=tmp_path))
    yield place
    await place.close()


@pytest.fixture(params=BACKENDS)
async def other(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Another."""
    (tmp_path / "other").mkdir()
    place = Store(BACKENDS[request.param].format(folder=tmp_path / "other"))
    yield place
    await place.close()


async def contents(store: Store) -> list[Change]:
    storage = await store.open()
    assert await findings(storage) == []
    found = await all_changes(storage)
    await store.close()
    return found


async def test_an_import_that_preserves_gives_what_was_exported(store: Store, other: Store) -> None:
    await make_history(await store.open())
    await store.close()
    exported = await run("export", "--storage-url", store.url)
    imported = await run(
        "import", "-", "--preserve", "--storage-url", other.url, stdin=exported.stdout_bytes
    )
    assert (exported.exit_code, imported.exit_code) == (0, 0), imported.output
    assert imported.stdout.startswith("received 1921, stored 1921, duplicates 0, rejected 0,")
    assert await contents(other) == await contents(store)
    again = await run("export", "--storage-url", other.url)
    assert again.stdout_bytes == exported.stdout_bytes


async def test_without_it_patterns_are_received_now_in_the_same_order(
    store: Store, other: Store
) -> None:
    storage = await store.open()
    await storage.insert_many([record("a"), record("b"), record("c")])
    await storage.update(record("a", version="2"), seq=1)
    await store.close()
    exported = await run("export", "--storage-url", store.url)
    await run("import", "-", "--storage-url", other.url, stdin=exported.stdout_bytes)
    before, after = await contents(store), await contents(other)
    assert [change.pattern_id for change in after] == ["b", "c", "a"]
    for old, new in zip(before, after, strict=True):
        assert isinstance(old, StoredDocument)
        assert isinstance(new, StoredDocument)
        assert new.document == old.document
        assert new.stored.at > old.stored.at
        assert new.stored.revision == 1
    assert [change.seq for change in after] == [1, 2, 3]


async def test_an_export_resumes_after_a_number_and_tells_of_deletions_when_asked(
    store: Store,
) -> None:
    storage = await store.open()
    await storage.insert_many([record("a"), record("b"), record("c")])
    await storage.delete_many([1])
    await store.close()
    options = ("--after-seq", "2", "--storage-url", store.url)
    told = (await run("export", "--deletes", *options)).stdout.splitlines()
    assert [line.count('"pattern_id":"c"') for line in told] == [1, 0]
    assert told[1] == '{"pattern_id":"a","deleted":true,"seq":4}'
    assert (await run("export", *options)).stdout.splitlines() == told[:1]


async def test_a_file_is_written_and_read_also_compressed(store: Store, tmp_path: Path) -> None:
    lines = ndjson([pattern(pattern_id=name) for name in "abc"])
    (tmp_path / "in.ndjson.gz").write_bytes(gzip.compress(lines))
    imported = await run("import", f"{tmp_path}/in.ndjson.gz", "--storage-url", store.url)
    assert imported.exit_code == 0, imported.output
    await run("export", f"{tmp_path}/out.ndjson", "--storage-url", store.url)
    assert (tmp_path / "out.ndjson").read_bytes().count(b"\n") == 3


async def test_a_bad_line_is_named_and_the_others_are_stored(store: Store) -> None:
    lines = b"\n".join([*ndjson([pattern(pattern_id="a")]).splitlines(), b"", b'{"data":1}', b"?"])
    done = await run("import", "-", "--storage-url", store.url, stdin=lines)
    assert done.exit_code == 1
    first, second = done.stderr.splitlines()
    assert first == "line 2 (blank ones apart): /pattern_type: Required, but missing."
    assert second.startswith("line 3 (blank ones apart): The body is not JSON")
    assert [change.pattern_id for change in await contents(store)] == ["a"]
