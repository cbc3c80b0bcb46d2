"""The command line: `pattern-store …`.

What only some commands need is imported by those, so that the service starts sooner.
"""

import asyncio
import json
import os
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
import uvloop
from pydantic import ValidationError

from app import __version__
from app.errors import PatternStoreError
from app.keys.key import Scope
from app.logs import configure_logs
from app.main import create_app
from app.server import serve as run_server
from app.service.batch import OnConflict
from app.settings import Settings

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
    from app import offline

    settings = _settings(storage_url=storage_url)
    _run(offline.import_patterns(source, _zone(timezone), on_conflict, preserve, settings))


@app.command()
def export(
    output: Annotated[
        str, typer.Argument(metavar="FILE|-", help="Where to; - writes to stdout.")
    ] = "-",
    after_seq: Annotated[
        int, typer.Option(min=0, help="Only changes after this commit number.")
    ] = 0,
    deletes: Annotated[bool, typer.Option("--deletes", help="Tell of deletions as well.")] = False,
    skip_damaged: Annotated[
        bool,
        typer.Option(
            "--skip-damaged",
            help="Leave out what is damaged, instead of ending there, and tell of it.",
        ),
    ] = False,
    storage_url: StorageUrl = None,
) -> None:
    """Write all patterns as JSON lines, in the order of their changes.

    Works beside a running service. Ends with status 1 where something was damaged.
    """
    from app import offline

    settings = _settings(storage_url=storage_url)
    _run(offline.export_patterns(output, after_seq, deletes, skip_damaged, settings))


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
    from app import offline

    _run(offline.migrate_store(_settings(storage_url=source), _settings(storage_url=target)))


@app.command()
def backup(
    destination: Annotated[
        str,
        typer.Argument(metavar="DEST", help="The file to write, such as patterns.db.zst."),
    ],
    storage_url: StorageUrl = None,
) -> None:
    """Write the whole store, as it is at one moment, to a new file.

    Works beside a running service. An existing file is never written over.
    """
    from app import offline

    _run(offline.back_up(destination, _settings(storage_url=storage_url)))


@app.command()
def restore(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The file that backup wrote.")],
    storage_url: StorageUrl = None,
) -> None:
    """Make a store from a backup, of either kind.

    Nothing may be where the store is to be. A damaged backup leaves nothing there either.
    """
    from app import offline

    _run(offline.restore_store(source, _settings(storage_url=storage_url)))


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
    from app import offline

    _run(offline.check_store(_settings(storage_url=storage_url), repair))


keys = typer.Typer(
    no_args_is_help=True,
    help="Make, list and revoke API keys.\n\nOnce there is one, every request needs one. "
    "A running service heeds a change within a second.",
)
app.add_typer(keys, name="keys")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Option(metavar="TEXT", help="Whose it is, or what for.")],
    scope: Annotated[Scope, typer.Option(help="What it may do; each includes those before it.")],
    project: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Bind it to this project, to see and write nothing else; repeatable.",
        ),
    ] = None,
    expires_in_days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Days until it ends. [default: never]")
    ] = None,
    requests_per_minute: Annotated[
        int | None, typer.Option(min=1, help="How often it may call. [default: no limit]")
    ] = None,
    storage_url: StorageUrl = None,
) -> None:
    """Make a key and print it, this once: only a hash of it is kept."""
    from app import key_commands

    with _errors_explained():
        key_commands.create(
            _settings(storage_url=storage_url),
            name,
            scope,
            projects=project or [],
            expires_in_days=expires_in_days,
            requests_per_minute=requests_per_minute,
        )


@keys.command("list")
def list_keys(storage_url: StorageUrl = None) -> None:
    """Show all keys, those revoked and expired too."""
    from app import key_commands

    with _errors_explained():
        key_commands.show(_settings(storage_url=storage_url))


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, from `keys list`.")],
    storage_url: StorageUrl = None,
) -> None:
    """End a key for good."""
    from app import key_commands

    with _errors_explained():
        key_commands.revoke(key_id, _settings(storage_url=storage_url))


@app.command()
def resolve(
    url: Annotated[
        str, typer.Option(help="The service.", envvar="PATTERNS_URL")
    ] = "http://127.0.0.1:8000",
    error_type: Annotated[
        str | None, typer.Option(help="What kind of error it is. [default: as the trace has it]")
    ] = None,
    message: Annotated[
        str | None, typer.Option(help="What it says. [default: as the trace has it]")
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Where it happened: errors of this project are likelier.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="Resolutions, at most.")] = 5,
    min_confidence: Annotated[
        Literal["exact", "likely", "possible"], typer.Option(help="Only what is at least as good.")
    ] = "likely",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the service's answer as it is.")
    ] = False,
) -> None:
    """Read a stack trace from stdin, and ask the running service what fixed such an error.

    The key, where the service has keys, is taken from PATTERNS_KEY. Ends with status 1 where
    nothing is known, 2 where there is no answer.
    """
    from app import resolve_command

    resolve_command.resolve(
        url,
        os.environ.get("PATTERNS_KEY"),
        error_type=error_type,
        error_message=message,
        project=project,
        limit=limit,
        min_confidence=min_confidence,
        as_json=as_json,
    )


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
    """Do the work, on an event loop of its own."""
    with _errors_explained(), asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(work)


@contextmanager
def _errors_explained() -> Iterator[None]:
    """A domain error ends the command with a message instead of a traceback."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on
        raise typer.Exit(1) from None
    except (PatternStoreError, OSError) as error:
        print(f"pattern-store: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


def _zone(name: str) -> ZoneInfo:
    """The time zone of a name. Ends the command where there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        print(f"pattern-store: --timezone: {name!r} names no time zone.", file=sys.stderr)
        raise typer.Exit(2) from None
