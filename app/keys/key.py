"""A key: what it may do, and its secret, of which only a hash is kept.

Its text is `ps_<id>_<secret>`. The id is public, and finds the key; the secret has 256 random
bits, so that one round of SHA-256 is hash enough: nobody can try them out.
"""

import hashlib
import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from app.schemas.timestamps import format_timestamp, parse_timestamp

_PREFIX = "ps"


class Scope(StrEnum):
    """What a key may do; each includes those before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    @property
    def included(self) -> frozenset["Scope"]:
        """The scope itself and those below it."""
        scopes = list(Scope)
        return frozenset(scopes[: scopes.index(self) + 1])


class Caller(NamedTuple):
    """Who makes a request: what they may do, and in which projects; None: in all."""

    scopes: frozenset[Scope]
    projects: tuple[str, ...] | None


ANYONE = Caller(Scope.ADMIN.included, None)
"""Whoever calls a service that has no keys."""

NOBODY = Caller(frozenset(), None)
"""Whoever calls what needs no key."""


def _time(value: Any) -> Any:
    return parse_timestamp(value) if isinstance(value, str) else value


Time = Annotated[int, BeforeValidator(_time), PlainSerializer(format_timestamp)]
"""Microseconds since the epoch; in the file as the API writes times."""


class Key(BaseModel):
    """A key as the file keeps it; `hash` is the SHA-256 of its text, in hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    id: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    name: Annotated[str, Field(min_length=1)]
    scope: Scope
    projects: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    created_at: Time
    expires_at: Time | None = None
    revoked_at: Time | None = None

    @model_validator(mode="after")
    def _admins_have_the_whole_store(self) -> "Key":
        if self.scope is Scope.ADMIN and self.projects:
            raise ValueError("an admin key is for the whole store, and takes no project")
        return self

    @property
    def caller(self) -> Caller:
        """Who uses the key."""
        return Caller(self.scope.included, self.projects or None)

    def state(self, now: int) -> str:
        """`active`, `expired` or `revoked`, at a present in microseconds since the epoch."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


def new_key(
    name: str,
    scope: Scope,
    *,
    now: int,
    projects: Sequence[str] = (),
    expires_at: int | None = None,
    requests_per_minute: int | None = None,
) -> tuple[Key, str]:
    """A new key, and its text, which nothing will tell again.

    Raises ValueError where an admin key is to be bound to projects.
    """
    key_id = secrets.token_hex(6)
    text = f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"
    key = Key(
        id=key_id,
        name=name,
        scope=scope,
        projects=tuple(dict.fromkeys(projects)),
        requests_per_minute=requests_per_minute,
        hash=hash_of(text.encode()).hex(),
        created_at=now,
        expires_at=expires_at,
    )
    return key, text


def hash_of(text: bytes) -> bytes:
    """What is kept of a key's text."""
    return hashlib.sha256(text).digest()


def id_in(text: bytes) -> bytes:
    """The public part of a key's text; empty where it is none."""
    prefix, _, rest = text.partition(b"_")
    return rest.partition(b"_")[0] if prefix == _PREFIX.encode() else b""
