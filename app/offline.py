"""Commands that work on a store by themselves, without the service."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import typer

from app import backup, legacy, migration, salvage, transfer
from app.errors import StorageUnavailable
from app.main import retention_policy
from app.metrics import Metrics
from app.progress import ProgressReport
from app.schemas.filters import Filters
from app.service import PatternService
from app.service.batch import OnConflict
from app.service.redaction import Redaction
from app.settings import Settings
from app.storage.base import Repair, Storage
from app.storage.registry import StorageOptions, storage_from


@asynccontextmanager
async def _storage(
    settings: Settings, *, read_only: bool = False, must_exist: bool = False
) -> AsyncIterator[Storage]:
    options = StorageOptions(
        settings.synchronous, readers=1, read_only=read_only, must_exist=must_exist
    )
    storage = storage_from(settings.storage_url, options)
    await storage.open()
    try:
        await storage.ready()
        yield storage
    finally:
        await storage.close()


@asynccontextmanager
async def _service(
    settings: Settings, *, read_only: bool, must_exist: bool = False
) -> AsyncIterator[PatternService]:
    async with _storage(settings, read_only=read_only, must_exist=must_exist) as storage:
        metrics = Metrics()
        yield PatternService(
            storage,
            retention=retention_policy(settings),
            metrics=metrics,
            redaction=Redaction(metrics) if settings.redact_secrets else None,
        )


async def import_patterns(
    name: str, zone: ZoneInfo, on_conflict: OnConflict, preserve: bool, settings: Settings
) -> None:
    """Store the patterns of a file, a folder or a database; what was rejected goes to stderr.

    Exits with status 1 where the outcome is not good.
    """
    with _opened(name, zone, settings.max_pattern_bytes) as source:
        async with _service(settings, read_only=False) as service:
            with ProgressReport("patterns read", source.total) as progress:
                report = await transfer.import_from(
                    service,
                    source,
                    on_conflict=on_conflict,
                    preserve=preserve,
                    on_progress=progress.update,
                )
    for item in report.errors:
        print(f"{source.place(item.index)}: {transfer.explained(item.error)}", file=sys.stderr)
    if report.errors_omitted:
        print(f"and {report.errors_omitted} more", file=sys.stderr)
    print(
        f"received {report.received}, stored {report.stored}, duplicates {report.duplicates}, "
        f"rejected {report.rejected}, past retention {report.past_retention}"
    )
    if report.rejected:
        raise typer.Exit(1)


async def export_patterns(
    output: str, after_seq: int, deletes: bool, skip_damaged: bool, settings: Settings
) -> None:
    """Write all patterns as JSON lines to a file, or to stdout.

    Exits with status 1 where some were damaged, and skipped.
    """
    damage: dict[str, None] = {}
    async with _service(settings, read_only=True) as service:
        if skip_damaged:
            steps = salvage.readable_changes(
                service.storage, after_seq=after_seq, deletes=deletes, on_damage=damage.setdefault
            )
        else:
            steps = service.export(Filters(), after_seq=after_seq, deletes=deletes)
        with _written(output) as file, ProgressReport("patterns written") as progress:
            await transfer.export_lines_to(file, steps, progress.update)
    for why in damage:
        print(f"skipped: {why}", file=sys.stderr)
    if damage:
        raise typer.Exit(1)


async def migrate_store(source: Settings, target: Settings) -> None:
    """Copy a store into another, and compare the two.

    Exits with status 1 where the outcome is not good.
    """
    async with _storage(source, must_exist=True) as theirs, _storage(target) as ours:
        total = sum(tally.patterns for tally in (await theirs.summary(0)).days)
        with ProgressReport("changes copied", total) as progress:
            await migration.copy(theirs, ours, progress.update)
        found = []
        for settings, storage in ((source, theirs), (target, ours)):
            with ProgressReport("changes read again", total) as progress:
                found.append(await migration.inventory(storage, progress.update))
            print(f"{settings.storage_url}: {found[-1]}")
        damage = await migration.damage(ours)
    for finding in damage:
        print(f"{finding.place}: {finding.problem}")
    same = found[0] == found[1] and not damage
    print("The two hold the same." if same else "The two differ.")
    if not same:
        raise typer.Exit(1)


async def back_up(destination: str, settings: Settings) -> None:
    """Write a store to a file."""
    async with (
        _cancelled_by_sigterm(),
        _storage(settings, read_only=True, must_exist=True) as storage,
    ):
        contents = await backup.write(storage, Path(destination))
    print(f"{destination}: {contents}, {os.stat(destination).st_size} bytes")


async def restore_store(source: str, settings: Settings) -> None:
    """Make a store from a backup."""
    async with _cancelled_by_sigterm():
        with ProgressReport("files written") as progress:
            contents = await backup.restore(Path(source), settings.storage_url, progress.update)
    print(f"{settings.storage_url}: {contents}")


async def check_store(settings: Settings, repair: bool) -> None:
    """Print what is wrong with a store; with `repair`, mend first what can be.

    Exits with status 1 where the outcome is not good.
    """
    found = 0
    async with _service(settings, read_only=not repair, must_exist=True) as service:
        if repair:
            _tell_of(await service.storage.repair())
        async for finding in service.storage.check():
            found += 1
            print(f"{finding.place}: {finding.problem}")
        print(f"{await _number_of_patterns(service)}, {found or 'no'} problems found")
        if found:
            print(service.storage.mending, file=sys.stderr)
    if found:
        raise typer.Exit(1)


async def _number_of_patterns(service: PatternService) -> str:
    try:
        return f"{sum((await service.count(Filters())).by_type.values())} patterns"
    except StorageUnavailable:
        return "nobody knows how many patterns"


@asynccontextmanager
async def _cancelled_by_sigterm() -> AsyncIterator[None]:
    """A time in which SIGTERM ends the task as Ctrl-C does, cleaning up, with status 143."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    terminated = False

    def stop(*_: object) -> None:
        nonlocal terminated
        terminated = True
        task.cancel()
        loop.call_soon_threadsafe(lambda: None)  # it may be waiting for something else

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
        await asyncio.sleep(0)  # where one that came after all else is heard of
    except asyncio.CancelledError:
        if terminated:
            raise typer.Exit(128 + signal.SIGTERM) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell_of(repair: Repair | None) -> None:
    if repair is None:
        print("a database has nothing to be mended from; restore a backup, or import an export")
        return
    for finding in repair.findings:
        print(f"{finding.place}: {finding.problem}")
    print(f"repaired: {repair.taken_up} patterns taken up, {repair.deleted} deleted")


@contextmanager
def _opened(name: str, zone: ZoneInfo, limit: int) -> Iterator[transfer.Source]:
    """What an import reads."""
    path = Path(name)
    if name == "-":
        yield transfer.Lines(sys.stdin.buffer, name, limit)
    elif path.is_dir():
        yield legacy.Tree(path, zone, limit)
    elif path.is_file() and legacy.is_database(path):
        yield legacy.Database(path, zone)
    else:
        with path.open("rb") as file:
            yield transfer.Lines(file, name, limit)


@contextmanager
def _written(name: str) -> Iterator[BinaryIO]:
    """Where an export goes. A file gets its name when it is whole, so that none is cut short."""
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    if path.exists() and not path.is_file():  # a pipe or a device
        with path.open("wb") as file:
            yield file
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
