"""Settings, each from an environment variable `PATTERNS_…` or a line of `.env`."""

import json
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.schemas.fields import PatternType


def _separated(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """A list as one text with commas, as environment variables have it."""
    if isinstance(names, str):
        return tuple(name.strip() for name in names.split(",") if name.strip())
    return names


def _origin(text: str) -> str:
    """An origin as browsers send it (RFC 6454)."""
    if re.fullmatch(r"https?://[a-z0-9.-]+(:\d+)?|https?://\[[0-9a-f:]+\](:\d+)?", text) is None:
        raise ValueError("must be origins such as https://app.example:8443, in lower case, not *")
    return text


def _json_object(text: str | dict[str, int]) -> object:
    """A JSON text, as environment variables have it."""
    if isinstance(text, str):
        try:
            return json.loads(text)
        except ValueError:
            raise ValueError('must be JSON such as {"error_occurrence": 365}') from None
    return text


Days = Annotated[int, Field(ge=0, le=36_500)]


class Settings(BaseSettings):
    """What can be set, and to what it is set where nobody did."""

    model_config = SettingsConfigDict(env_prefix="PATTERNS_", env_file=".env", extra="ignore")

    storage_url: str = "sqlite:///data/patterns.db"
    """Where patterns are kept: three slashes begin a relative path, four an absolute one."""

    host: str = "127.0.0.1"
    """The address to listen on."""

    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    """The port to listen on; 0 takes a free one."""

    allow_anonymous: bool = False
    """Serve callers without a key on an address that is not loopback."""

    keys_file: str = ""
    """Where the keys are kept; empty: beside the store, as its path with `.keys.json` added."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_separated)] = ()
    """Further names in the Host header to answer to, with commas between; `*` is any."""

    cors_origins: Annotated[
        tuple[Annotated[str, AfterValidator(_origin)], ...],
        NoDecode,
        BeforeValidator(_separated),
    ] = ()
    """Origins whose web pages may use the service, with commas between; none unless set."""

    docs: bool = True
    """Serve the documentation, at /docs and /openapi.json."""

    synchronous: Literal["full", "normal"] = "full"
    """`full` syncs the disk before each answer; `normal` may lose the last moments to a power
    failure, never to a crash of the service."""

    readers: Annotated[int, Field(ge=1, le=64)] = 4
    """Connections that read the database side by side."""

    max_query_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2.0
    """How long one search may keep a reader busy: a query, a count, the statistics of agents, or
    the search for what a call is to delete."""

    max_pattern_bytes: Annotated[int, Field(ge=1024)] = 4 * 1024 * 1024
    """The largest pattern taken, and the longest line of a batch, in bytes of JSON."""

    max_body_bytes: Annotated[int, Field(ge=1024)] = 64 * 1024 * 1024
    """The largest JSON array taken by the batch call, decompressed, in bytes."""

    redact_secrets: bool = True
    """Replace credentials in what is received by `[redacted:kind]` before it is stored."""

    max_body_ratio: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 100.0
    """How many times its size a JSON body may decompress to, once that is above 1 MiB."""

    max_depth: Annotated[int, Field(ge=3, le=200)] = 200
    """How many objects and arrays of a pattern may lie within each other."""

    max_values: Annotated[int, Field(ge=1)] = 100_000
    """The most members and items of a pattern, at any depth."""

    max_tags: Annotated[int, Field(ge=0)] = 256
    """The most tags of a pattern."""

    max_name_length: Annotated[int, Field(ge=1)] = 8192
    """The most characters of a tag, and of anything else in a pattern that a filter compares."""

    max_concurrent_requests: Annotated[int, Field(ge=1)] = 256
    """The most requests to work on at a time, counted from when their body is whole; fewer where
    they would wait long."""

    max_held_bytes: Annotated[int, Field(ge=1024)] = 128 * 1024 * 1024
    """The most bytes of bodies to hold in memory at a time, beside one as large as may be."""

    max_connections: Annotated[int, Field(ge=1)] = 8192
    """The most connections at a time, as far as the process may open files."""

    head_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 20.0
    """How long the head of a request may take to arrive, on a new connection from its start."""

    body_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 20.0
    """How long a body, or a line of a batch, may take to arrive, and a second for each 1,000
    bytes more."""

    answer_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 60.0
    """How long a client may leave an answer unread, or take less of it than 1,000 bytes a
    second."""

    max_unread_bytes: Annotated[int, Field(ge=65_536)] = 128 * 1024 * 1024
    """The most bytes of answers to hold until clients read them; beyond that, those are cut off
    who read most slowly."""

    retention_days: Days = 90
    """Days to keep patterns, by their timestamp; 0 keeps them for ever."""

    retention_days_by_type: Annotated[
        dict[PatternType, Days], NoDecode, BeforeValidator(_json_object)
    ] = {}
    """Other days for some types, as JSON: `{"error_occurrence": 365}`."""

    retention_grace_days: Days = 7
    """Days in which retention leaves alone what was just received, whatever its timestamp."""

    retention_interval_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 3600.0
    """Seconds between two runs of retention; 0 leaves it to be run by hand."""

    retention_max_patterns: Annotated[int, Field(ge=0)] = 0
    """The most patterns to keep, the oldest going first; 0 sets no limit."""

    retention_max_bytes: Annotated[int, Field(ge=0)] = 0
    """The most bytes of JSON to keep, uncompressed, the oldest going first; 0 sets no limit."""

    compression_after_days: Days = 30
    """Days after which patterns are compressed; 0: never."""

    compression_interval_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 3600.0
    """Seconds between two runs of compression; 0 leaves it to be run by hand."""

    summary_interval_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60.0
    """Seconds between two runs that summarise the hours and days past, for statistics of agents;
    0: never, which only makes them slower."""

    shutdown_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10.0
    """How long a stopping service waits for requests under way."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe messages to log."""

    access_log: bool = True
    """Log a line for each request."""
