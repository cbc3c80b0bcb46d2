"""`pattern-store migrate`: a store copied whole, also when it takes several attempts."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app import cli
from app.storage.base import Change, Summary
from app.storage.learned import Decision
from tests.conftest import BACKENDS
from tests.contract.conftest import Store
from tests.contract.reading import all_changes, all_decisions, findings
from tests.histories import make_history
from tests.records import NOON, record

BOTH_WAYS = [("sqlite", "filesystem"), ("filesystem", "sqlite")]

KILLED = """
import os, signal, sys
from app import cli, migration
from app.storage.index.transaction import Transaction

migration.STEP = 100
finish, left = Transaction.finish, int(sys.argv.pop(1))

def finish_or_die(transaction):
    global left
    finish(transaction)
    left -= 1
    if left == 0:  # what the transaction keeps outside the database is written, it is not
        os.kill(os.getpid(), signal.SIGKILL)

Transaction.finish = finish_or_die
cli.app()
"""
"""The command, killed in its n-th transaction, at the worst moment."""

FORGETFUL = """
from app import cli
from app.storage.index.transaction import Transaction

restore = Transaction.restore
Transaction.restore = lambda self, changes, *numbers: restore(self, changes[1:], *numbers)
cli.app()
"""
"""The command, losing a change with each transaction."""

Way = tuple[Store, str]


async def migrate(source: str, target: str) -> Result:
    """Run the command in this process."""
    return await asyncio.to_thread(lambda: CliRunner().invoke(cli.app, ["migrate", source, target]))


async def migrate_by(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program that changes the command first, in a process of its own."""
    command = [sys.executable, "-c", program, *arguments]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, check=False, text=True
    )


def place(backend: str, folder: Path) -> Store:
    folder.mkdir()
    return Store(BACKENDS[backend].format(folder=folder))


@pytest.fixture(scope="module", params=BOTH_WAYS, ids=lambda way: f"{way[0]} to {way[1]}")
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Way:
    """A store with a history, which no test changes, and the backend to copy it to."""
    source, target = request.param
    store = place(source, tmp_path_factory.mktemp(source) / "source")

    async def fill() -> None:
        await make_history(await store.open())
        await store.close()

    asyncio.run(fill())
    return store, target


@pytest.fixture
def source(way: Way) -> Store:
    """The store with a history."""
    return way[0]


@pytest.fixture
async def target(way: Way, tmp_path: Path) -> AsyncIterator[Store]:
    """A place of the other backend with nothing in it."""
    store = place(way[1], tmp_path / "target")
    yield store
    await store.close()


async def contents(store: Store) -> tuple[list[Change | Decision], Summary]:
    storage = await store.open()
    summary = await storage.summary(NOON)
    assert await findings(storage) == []
    found = [*await all_changes(storage, deletes=True), *await all_decisions(storage)]
    await store.close()
    return found, summary


async def test_the_copy_holds_the_same_changes_numbers_and_deletions(
    source: Store, target: Store
) -> None:
    done = await migrate(source.url, target.url)
    assert done.exit_code == 0, done.output
    expected, original = await contents(source)
    copied, summary = await contents(target)
    assert copied == expected
    assert (summary.days, summary.purged_seq) == (original.days, original.purged_seq)
    assert summary.last_seq >= original.last_seq


async def test_the_end_tells_what_either_holds(source: Store, target: Store) -> None:
    first, second, verdict = (await migrate(source.url, target.url)).stdout.splitlines()
    assert first.removeprefix(source.url) == second.removeprefix(target.url)
    assert first.startswith(f"{source.url}: 1921 patterns, 40 deletions, 3 decisions, SHA-256 ")
    assert verdict == "The two hold the same."


@pytest.mark.parametrize("transactions", [1, 12])
async def test_a_migration_that_was_killed_goes_on_where_it_was(
    source: Store, target: Store, transactions: int
) -> None:
    killed = await migrate_by(KILLED, str(transactions), "migrate", source.url, target.url)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = await migrate(source.url, target.url)
    assert done.exit_code == 0, done.output
    assert (await contents(target))[0] == (await contents(source))[0]


async def test_migrating_again_what_is_there_changes_nothing(source: Store, target: Store) -> None:
    first, second = [await migrate(source.url, target.url) for _ in range(2)]
    assert (first.exit_code, first.stdout) == (second.exit_code, second.stdout)


async def test_a_place_that_holds_anything_else_is_refused_and_left_alone(
    source: Store, target: Store
) -> None:
    await (await target.open()).insert(record("mine"))
    await target.close()
    before = await contents(target)
    refused = await migrate(source.url, target.url)
    assert refused.exit_code == 1
    assert "holds 'mine' with the number 1" in refused.stderr
    assert (await contents(target))[0] == before[0]


async def test_a_copy_that_differs_in_the_end_is_told(source: Store, target: Store) -> None:
    done = await migrate_by(FORGETFUL, "migrate", source.url, target.url)
    assert done.returncode == 1
    assert done.stdout.endswith("The two differ.\n")


async def test_a_source_that_is_not_there_is_not_created(target: Store, tmp_path: Path) -> None:
    done = await migrate(f"sqlite:///{tmp_path}/none.db", target.url)
    assert done.exit_code == 1
    assert "there is no store at" in done.stderr
    assert os.listdir(tmp_path) == ["target"]


async def test_a_store_that_a_process_has_open_is_not_migrated(
    source: Store, target: Store
) -> None:
    await source.open()
    done = await migrate(source.url, target.url)
    await source.close()
    assert done.exit_code == 1
    assert "is in use by process" in done.stderr
