"""The command line: `pattern-store …`."""

import asyncio
import json
import os
import sys
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
import uvloop
from pydantic import ValidationError

from app import __version__, legacy, migration, transfer
from app.errors import PatternStoreError
from app.logs import configure_logs
from app.main import create_app, retention_policy
from app.metrics import Metrics
from app.progress import ProgressReport
from app.schemas.filters import Filters
from app.server import serve as run_server
from app.service import PatternService
from app.service.batch import OnConflict
from app.settings import Settings
from app.storage.base import Repair, Storage
from app.storage.registry import StorageOptions, storage_from

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Pattern Store: what coding agents did, kept safely and found again.\n\n"
    "Settings come from PATTERNS_… variables, or from .env; the README lists them.",
)

StorageUrl = Annotated[
    str | None,
    typer.Option(
        "--storage-url",
        help="The store, such as sqlite:///data/patterns.db. [default: PATTERNS_STORAGE_URL]",
        show_default=False,
    ),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"pattern-store {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Take the options that come before a command."""


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="The address to listen on. [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="The port to listen on; 0 takes a free one. [default: 8000]")
    ] = None,
    storage_url: StorageUrl = None,
) -> None:
    """Run the service until Ctrl-C or SIGTERM; then finish what was accepted and end."""
    settings = _settings(host=host, port=port, storage_url=storage_url)
    configure_logs(settings.log_level)
    _run(run_server(settings), uvloop.new_event_loop)


@app.command("import")
def import_(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|DIR|-",
            help="JSON lines, also .gz or .zst, - reading stdin; or what the first "
            "implementation of this idea left: its folder of JSON files, or its SQLite database.",
        ),
    ],
    preserve: Annotated[
        bool,
        typer.Option(
            "--preserve",
            help="Keep what an export says in `stored`: receipt times, revisions, order.",
        ),
    ] = False,
    on_conflict: Annotated[
        OnConflict,
        typer.Option(help="Where an id holds another content: reject, skip or replace."),
    ] = OnConflict.REJECT,
    timezone: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Where a folder's or a database's times without an offset are from, "
            "such as Europe/Berlin.",
        ),
    ] = "UTC",
    storage_url: StorageUrl = None,
) -> None:
    """Store the patterns of a file, one JSON object a line. Safe to repeat.

    Ends with status 1 where one was rejected. The service must not be running on the store;
    while it is, POST the file to /v1/patterns/batch.
    """
    settings = _settings(storage_url=storage_url)
    _run(_import(source, _zone(timezone), on_conflict, preserve, settings))


@app.command()
def export(
    output: Annotated[
        str, typer.Argument(metavar="FILE|-", help="Where to; - writes to stdout.")
    ] = "-",
    after_seq: Annotated[
        int, typer.Option(min=0, help="Only changes after this commit number.")
    ] = 0,
    deletes: Annotated[bool, typer.Option("--deletes", help="Tell of deletions as well.")] = False,
    storage_url: StorageUrl = None,
) -> None:
    """Write all patterns as JSON lines, in the order of their changes.

    Works beside a running service.
    """
    _run(_export(output, after_seq, deletes, _settings(storage_url=storage_url)))


@app.command()
def migrate(
    source: Annotated[str, typer.Argument(metavar="FROM_URL", help="The store to copy.")],
    target: Annotated[str, typer.Argument(metavar="TO_URL", help="The place to copy it to.")],
) -> None:
    """Copy a store to another place, of the same kind or the other, and compare the two.

    Receipt times, revisions, order and deletions come along, so that exports resume; the copy
    remembers deletions for a further 30 days. TO_URL must be empty, or hold nothing but what
    FROM_URL has: a migration that was broken off goes on where it was when it is begun again.
    No service may be running on either. Ends with status 1 where the two differ in the end.
    """
    _run(_migrate(_settings(storage_url=source), _settings(storage_url=target)))


@app.command()
def check(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="First bring the index of a tree of files into line with them. "
            "The service must not be running.",
        ),
    ] = False,
    storage_url: StorageUrl = None,
) -> None:
    """Look for damage in a store, and change nothing unless told to.

    Ends with status 1 where it found any. Without --repair it works beside a running service.
    """
    _run(_check(_settings(storage_url=storage_url), repair))


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of this version's API."""
    print(json.dumps(create_app(_settings()).openapi(), indent=2, ensure_ascii=False))


def _settings(**given: Any) -> Settings:
    """The settings, options first. Ends the command where one cannot be."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for details in error.errors():
            name = f"PATTERNS_{str(details['loc'][0]).upper()}"
            print(f"pattern-store: {name}: {details['msg']}", file=sys.stderr)
    raise typer.Exit(2)


def _run(
    work: Coroutine[Any, Any, T], loop_factory: Callable[[], AbstractEventLoop] | None = None
) -> T:
    """Do the work; a domain error ends the command with a message instead of a traceback."""
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(work)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on
        raise typer.Exit(1) from None
    except (PatternStoreError, OSError) as error:
        print(f"pattern-store: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


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
        yield PatternService(storage, retention=retention_policy(settings), metrics=Metrics())


async def _import(
    name: str, zone: ZoneInfo, on_conflict: OnConflict, preserve: bool, settings: Settings
) -> None:
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


async def _export(output: str, after_seq: int, deletes: bool, settings: Settings) -> None:
    async with _service(settings, read_only=True) as service:
        with _written(output) as file, ProgressReport("patterns written") as progress:
            await transfer.export_lines_to(
                service, file, after_seq=after_seq, deletes=deletes, on_progress=progress.update
            )


async def _migrate(source: Settings, target: Settings) -> None:
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


async def _check(settings: Settings, repair: bool) -> None:
    found = 0
    async with _service(settings, read_only=not repair, must_exist=True) as service:
        if repair:
            _tell_of(await service.storage.repair())
        async for finding in service.storage.check():
            found += 1
            print(f"{finding.place}: {finding.problem}")
        patterns = sum((await service.count(Filters())).by_type.values())
    print(f"{patterns} patterns, {found or 'no'} problems found")
    if found:
        raise typer.Exit(1)


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


def _zone(name: str) -> ZoneInfo:
    """The time zone of a name. Ends the command where there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        print(f"pattern-store: --timezone: {name!r} names no time zone.", file=sys.stderr)
        raise typer.Exit(2) from None
