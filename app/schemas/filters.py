"""What a query asks for, and where a page of it goes on."""

from dataclasses import dataclass
from enum import StrEnum

from app.schemas.words import Phrase


class Order(StrEnum):
    """Which way a query reads time."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that must all hold; None and empty ask for nothing.

    `pattern_types`, `pattern_ids`, `projects` and `any_tags` ask for any of their values, `tags`
    and `phrases` for all of them. `projects` are those a caller may see, `project_name` the one
    it asks for; `group_id` is that of a group of errors. Times are microseconds since the epoch,
    durations milliseconds; all bounds are inclusive.
    """

    pattern_types: tuple[str, ...] = ()
    pattern_ids: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None
    tags: tuple[str, ...] = ()
    any_tags: tuple[str, ...] = ()
    agent: str | None = None
    task_type: str | None = None
    project_name: str | None = None
    projects: tuple[str, ...] = ()
    environment: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    success: bool | None = None
    error_type: str | None = None
    severity: str | None = None
    min_duration_ms: int | None = None
    max_duration_ms: int | None = None
    phrases: tuple[Phrase, ...] = ()
    group_id: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every pattern matches."""
        return self == Filters()


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a query's order: neither half ever changes for a stored pattern."""

    timestamp: int
    pattern_id: str
