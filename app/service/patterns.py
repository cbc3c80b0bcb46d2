"""Keeping patterns and finding them: what every call of the API comes down to."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import (
    FieldError,
    InvalidPattern,
    PatternChanged,
    PatternExists,
    PreconditionFailed,
)
from app.metrics import Metrics
from app.schemas.filters import Filters, Order, Position
from app.schemas.identifiers import derived_id, new_id
from app.schemas.json_text import same_json
from app.schemas.limits import Limits
from app.schemas.records import Record, StoredDocument, preserved_in, record_of
from app.schemas.timestamps import now as present
from app.schemas.timestamps import parse_timestamp
from app.schemas.validation import check_pattern
from app.service.cursors import decode_cursor, encode_cursor
from app.service.decisions import DecisionService
from app.service.groups import GroupService
from app.service.merge_patch import merge_patch
from app.service.preconditions import UNCONDITIONAL, Precondition
from app.service.project_storage import ProjectStorage
from app.service.projects import Projects
from app.service.redaction import Redaction
from app.service.retention import STEP, RetentionPolicy
from app.storage.base import Changes, Count, Insertion, Outcome, Storage

PAGE_BYTES = 8 * 1024 * 1024
"""Bytes of JSON text one page of a query, or one step of an export, holds at most."""

EXPORT_STEP = 500
"""Patterns one step of an export reads."""


@dataclass(frozen=True, slots=True)
class Written:
    """A pattern after a write, and whether the write brought it into being."""

    pattern: StoredDocument
    created: bool


@dataclass(frozen=True, slots=True)
class QueryPage:
    """One page of a query; no cursor, no further page."""

    patterns: list[StoredDocument]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Deletion:
    """How many patterns matched when the call began, and how many of them it deleted."""

    matched: int
    deleted: int


class PatternService:
    """The patterns of one store."""

    def __init__(
        self,
        storage: Storage,
        *,
        retention: RetentionPolicy,
        metrics: Metrics,
        clock: Callable[[], int] = present,
        limits: Limits | None = None,
        redaction: Redaction | None = None,
        projects: Projects | None = None,
    ) -> None:
        self.storage = storage
        self.retention = retention
        self.metrics = metrics
        self.clock = clock
        self._limits = limits
        self._redaction = redaction
        self._projects = projects
        self.decisions = DecisionService(storage, clock)
        self.groups = GroupService(storage, self.decisions)

    def within(self, names: Sequence[str]) -> "PatternService":
        """The service of some projects, at least one: as if the store held nothing else."""
        projects = Projects(tuple(names))
        return PatternService(
            ProjectStorage(self.storage, projects),
            retention=self.retention,
            metrics=self.metrics,
            clock=self.clock,
            limits=self._limits,
            redaction=self._redaction,
            projects=projects,
        )

    @property
    def project_names(self) -> tuple[str, ...] | None:
        """The projects it is for; None: all."""
        return None if self._projects is None else self._projects.names

    def record(
        self,
        value: Any,
        *,
        key: str | None = None,
        index: int | None = None,
        preserve: bool = False,
    ) -> Record:
        """The record of a pattern just received, checked.

        A missing id is derived from the idempotency key, and the item's index in a batch, or
        else made. `preserve` keeps the provenance it brings. Raises InvalidPattern, also
        beyond the limits.
        """
        pattern = self._checked(value)
        stored = preserved_in(pattern) if preserve else None
        pattern_id = pattern.get("pattern_id") or (
            new_id() if key is None else derived_id(key, index)
        )
        at = self.clock() if stored is None else stored.at
        record = record_of(pattern, pattern_id=pattern_id, at=at, preserved=stored)
        return self._limited(pattern, record)

    async def insert(
        self, records: Sequence[Record], *, starting: Callable[[], None] = lambda: None
    ) -> list[Insertion]:
        """Store records whose ids are free, and count what was stored.

        There may come more records until `starting` is called.
        """
        insertions = await self.storage.insert_many(records, starting=starting)
        stored = self.metrics.patterns.numbers
        for record, insertion in zip(records, insertions, strict=True):
            if insertion.outcome is Outcome.STORED:
                stored[record.pattern_type] += 1
        return insertions

    async def ingest(self, value: Any, *, key: str | None = None) -> Written:
        """Store one pattern; the same again is answered with what is there.

        Raises InvalidPattern, and PatternExists where its id holds another content.
        """
        record = self.record(value, key=key)
        while True:
            (insertion,) = await self.insert([record])
            if insertion.outcome is Outcome.STORED:
                return Written(_stored(record, insertion), created=True)
            if insertion.outcome in (Outcome.CONFLICT, Outcome.TAKEN):
                raise PatternExists(record.pattern_id)
            if (existing := await self.storage.get(record.pattern_id)) is not None:
                return Written(existing, created=False)
            # It was deleted since the insert saw it: store it after all.

    async def put(
        self, pattern_id: str, value: Any, precondition: Precondition = UNCONDITIONAL
    ) -> Written:
        """Create a pattern under an id, or replace its content.

        Raises InvalidPattern, also where it would change what never changes,
        PreconditionFailed, and PatternExists where the id is taken in a project that the
        service is not for.
        """
        while True:
            current = await self.storage.get(pattern_id)
            precondition.check(current)
            if current is not None:
                replaced = await self._replace(current, value)
                if replaced is not None:
                    return Written(replaced, created=False)
                continue
            pattern = self._checked(value)
            _require_same(pattern, "pattern_id", pattern_id)
            record = record_of(pattern, pattern_id=pattern_id, at=self.clock())
            (insertion,) = await self.insert([self._limited(pattern, record)])
            if insertion.outcome is Outcome.STORED:
                return Written(_stored(record, insertion), created=True)
            if insertion.outcome is Outcome.TAKEN:
                raise PatternExists(pattern_id)

    async def patch(
        self, pattern_id: str, patch: Any, precondition: Precondition = UNCONDITIONAL
    ) -> StoredDocument:
        """Apply a merge patch (RFC 7396); the result must be a valid pattern.

        Raises PatternNotFound, InvalidPattern and PreconditionFailed.
        """
        while True:
            current = await self.storage.fetch(pattern_id)
            precondition.check(current)
            merged = merge_patch(current.content(), patch)
            if isinstance(merged, dict):
                for name in ("pattern_id", "pattern_type", "timestamp"):
                    if name not in merged:
                        raise _immutable(name)
            replaced = await self._replace(current, merged, may_grow=True)
            if replaced is not None:
                return replaced

    async def delete(self, pattern_id: str, precondition: Precondition = UNCONDITIONAL) -> None:
        """Delete one pattern. Raises PatternNotFound and PreconditionFailed."""
        deleted = 0
        while not deleted:
            current = await self.storage.fetch(pattern_id)
            precondition.check(current)
            deleted = await self.storage.delete_many([current.stored.seq])

    async def delete_matching(
        self, filters: Filters, *, dry_run: bool = False, expect: int | None = None
    ) -> Deletion:
        """Delete every match there is now, in steps; what comes in meanwhile stays.

        Raises PreconditionFailed, with nothing deleted, where `expect` is another number.
        """
        seqs = await self.storage.matching(filters)
        if expect is not None and len(seqs) != expect:
            raise PreconditionFailed(f"{len(seqs)} patterns match, not the {expect} expected.")
        deleted = 0
        if not dry_run:
            for start in range(0, len(seqs), STEP):
                deleted += await self.storage.delete_many(seqs[start : start + STEP])
        return Deletion(len(seqs), deleted)

    async def get(self, pattern_id: str) -> StoredDocument:
        """One pattern. Raises PatternNotFound."""
        return await self.storage.fetch(pattern_id)

    async def query(
        self, filters: Filters, *, order: Order, limit: int, cursor: str | None
    ) -> QueryPage:
        """A page of the matches. Raises InvalidRequest for a cursor of another query."""
        after = None if cursor is None else decode_cursor(cursor, filters, order)
        page = await self.storage.query(
            filters, order=order, limit=limit, max_bytes=PAGE_BYTES, after=after
        )
        if not page.more:
            return QueryPage(page.patterns, None)
        last = page.patterns[-1]
        position = Position(last.timestamp, last.pattern_id)
        return QueryPage(page.patterns, encode_cursor(position, filters, order))

    async def count(self, filters: Filters) -> Count:
        """How many patterns match."""
        return await self.storage.count(filters)

    async def export(
        self, filters: Filters, *, after_seq: int, deletes: bool
    ) -> AsyncIterator[Changes]:
        """Every match by `seq`, read in short steps until nothing newer is there.

        Raises HistoryGone.
        """
        begun_at = after_seq
        while True:
            step = await self.storage.changes(
                filters,
                after_seq=after_seq,
                limit=EXPORT_STEP,
                max_bytes=PAGE_BYTES,
                deletes=deletes,
                begun_at=begun_at,
            )
            yield step
            if step.through == after_seq:
                return
            after_seq = step.through

    def _checked(self, value: Any) -> dict[str, Any]:
        """A valid pattern of a project the service is for, without secrets unless these are kept.

        Raises InvalidPattern and ForbiddenProject.
        """
        pattern = check_pattern(value)
        if self._projects is not None:
            pattern = self._projects.claim(pattern)
        return pattern if self._redaction is None else self._redaction(pattern)

    async def _replace(
        self, current: StoredDocument, value: Any, *, may_grow: bool = False
    ) -> StoredDocument | None:
        """The pattern with a new content, or None where it has changed meanwhile."""
        if isinstance(value, dict) and value.get("pattern_type") != current.pattern_type:
            raise _immutable("pattern_type")
        pattern = self._checked(value)
        _require_same(pattern, "pattern_id", current.pattern_id)
        if "timestamp" in pattern and parse_timestamp(pattern["timestamp"]) != current.timestamp:
            raise _immutable("timestamp")
        record = record_of(
            pattern,
            pattern_id=current.pattern_id,
            at=current.stored.at,
            timestamp=current.timestamp,
        )
        if same_json(current.content(), record.content()):
            return current
        self._limited(pattern, record)
        if may_grow and self._limits is not None:  # beyond what any one body may bring
            self._limits.check_size(record.document)
        try:
            return await self.storage.update(record, current.stored.seq)
        except PatternChanged:
            return None

    def _limited(self, pattern: Mapping[str, Any], record: Record) -> Record:
        """The record of a pattern, known to be within the limits."""
        if self._limits is not None:
            self._limits.check(pattern, record.document)
        return record


def _stored(record: Record, insertion: Insertion) -> StoredDocument:
    return StoredDocument.of(
        record.pattern_id,
        record.pattern_type,
        record.timestamp,
        record.document,
        insertion.stored,
    )


def _require_same(pattern: Mapping[str, Any], name: str, value: str) -> None:
    if pattern.get(name, value) != value:
        raise _immutable(name)


def _immutable(name: str) -> InvalidPattern:
    detail = "Never changes; leave it as it is, or store another pattern."
    return InvalidPattern([FieldError("pointer", f"/{name}", "immutable", detail)])
