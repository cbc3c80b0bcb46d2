"""`pattern-store keys …`: changes to the file of keys, which a running service heeds."""

import sys

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app.keys.key import Key, Scope, new_key
from app.main import keys_file
from app.schemas.timestamps import DAY, format_timestamp, now
from app.settings import Settings


def create(
    settings: Settings,
    name: str,
    scope: Scope,
    *,
    projects: list[str],
    expires_in_days: int | None,
    requests_per_minute: int | None,
) -> None:
    """Make a key; it goes to stdout, and what is to be known about it to stderr.

    Exits with status 2 where no such key can be.
    """
    present = now()
    try:
        key, text = new_key(
            name,
            scope,
            now=present,
            projects=projects,
            expires_at=None if expires_in_days is None else present + expires_in_days * DAY,
            requests_per_minute=requests_per_minute,
        )
    except ValidationError as error:
        for details in error.errors():
            place = ".".join(map(str, details["loc"])) or "--project"
            reason = details["msg"].removeprefix("Value error, ")
            print(f"pattern-store: {place}: {reason}.", file=sys.stderr)
        raise typer.Exit(2) from None
    file = keys_file(settings)
    file.add(key)
    print(text)
    print(f"This is shown once; {file.path} has a hash of it. Its id is {key.id}.", file=sys.stderr)


def show(settings: Settings) -> None:
    """Print all keys."""
    file = keys_file(settings)
    keys = file.read()
    if keys is None:
        print(f"There are no keys ({file.path}); anyone who reaches the service may use it.")
        return
    table = Table(
        "id", "name", "scope", "projects", "per minute", "created", "expires", "state", box=None
    )
    present = now()
    for key in keys:
        table.add_row(*_cells(key, present))
    Console(width=None if sys.stdout.isatty() else 1000, markup=False).print(table)


def revoke(key_id: str, settings: Settings) -> None:
    """Revoke a key."""
    key = keys_file(settings).revoke(key_id, now())
    print(f"{key.id} ({key.name}) is revoked.")


def _cells(key: Key, present: int) -> list[str]:
    expires = "never" if key.expires_at is None else format_timestamp(key.expires_at)
    return [
        key.id,
        key.name,
        key.scope,
        ", ".join(key.projects) or "all",
        str(key.requests_per_minute or "any"),
        format_timestamp(key.created_at),
        expires,
        key.state(present),
    ]
