"""Making keys as their users do, by the command line, and sending them."""

from collections.abc import Callable
from pathlib import Path

from tests.api.commands import pattern_store, succeeded

MakeKey = Callable[..., str]
"""Runs `keys create` with further words; the key's text."""

SCOPES = ("read", "write", "admin")


def bearer(key: str) -> dict[str, str]:
    """The header that sends a key."""
    return {"Authorization": f"Bearer {key}"}


def make_key(folder: Path, storage_url: str, scope: str, *words: str) -> str:
    """A new key of the store at a URL."""
    command = ("keys", "create", "--name", "test", "--scope", scope, *words)
    made = succeeded(pattern_store(folder, *command, PATTERNS_STORAGE_URL=storage_url))
    return made.strip()


def id_of(key: str) -> str:
    """A key's public part."""
    return key.split("_")[1]
