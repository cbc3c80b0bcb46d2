"""The contract between the service and any backend.

A backend keeps records (`app.schemas.records`) durably and finds them again. Everything here
is asynchronous and safe to call concurrently. Every change to a pattern, a deletion included,
takes the next `seq`: a number that only grows and is never given twice, whatever happens to
the process in between.

Any method may raise StorageUnavailable where the medium fails. Then nothing it was asked to
write has been acknowledged, and a later call may succeed; nobody needs to reopen the store.
Drivers' own errors never come through.

Where what is stored is damaged, that is a DamagedStore, which names the pattern if it is one:
trying again does not help, and nothing is returned that differs from what was written. Patterns
that are not damaged can be read, and those that are can be deleted.

A store may be told how many seconds one read by filters may take: `query`, `count`, `agents` and
`matching` then raise QueryTooExpensive instead of taking longer. All else takes its time.

`tests/contract` states each promise as a test; a backend is finished when it passes them.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar, NamedTuple, TypeAlias

from app.errors import PatternNotFound
from app.schemas.filters import Filters, Order, Position
from app.schemas.records import Provenance, Record, StoredDocument
from app.storage.learned import LearnedStorage


class Outcome(Enum):
    """What became of a record that was to be inserted."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    TAKEN = "taken"
    """By a pattern that the caller may not see; no backend says this."""


class Insertion(NamedTuple):
    """The outcome for one record, and the provenance of what is now stored under its id."""

    outcome: Outcome
    stored: Provenance


@dataclass(frozen=True, slots=True)
class Page:
    """A run of a query's results, and whether more may follow."""

    patterns: list[StoredDocument]
    more: bool


@dataclass(frozen=True, slots=True)
class Count:
    """How many patterns match, by type. Not `exact`: at least as many."""

    by_type: Mapping[str, int]
    exact: bool


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What a deleted pattern leaves behind."""

    pattern_id: str
    seq: int


Change: TypeAlias = StoredDocument | Tombstone
"""The latest that happened to a pattern."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Some changes in `seq` order; all up to `through` that match are among them."""

    changes: list[Change]
    through: int


@dataclass(frozen=True, slots=True)
class Expiry:
    """What retention may delete.

    A pattern expires when it is older than its type's cutoff and was received before
    `received_before`, both in microseconds since the epoch. Its age counts from its
    timestamp or, where that lay more than 24 hours ahead when it came in, from its receipt.
    """

    cutoffs: Mapping[str, int]
    received_before: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many patterns of one type fall on one UTC day, and the bytes of their documents."""

    day: int
    pattern_type: str
    patterns: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The store at a glance; times in microseconds since the epoch, None in an empty store.

    `stored_bytes` is what the store takes on disk, `document_bytes` the JSON texts in it as
    they are kept, `raw_bytes` the same before any compression. `last_seq` is the latest number
    given, `purged_seq` the latest deletion that is forgotten.
    """

    days: list[Tally]
    oldest: int | None
    newest: int | None
    in_future: int
    stored_bytes: int
    document_bytes: int
    raw_bytes: int
    last_seq: int
    purged_seq: int


QUANTILE_ERROR = 0.01
"""How far a quantile of durations may be from the exact one, as a share of that."""


@dataclass(frozen=True, slots=True)
class Durations:
    """How long it took, in milliseconds, where patterns say so.

    `number` of them, at least one. `p50` and `p95` are the shortest durations that so many
    percent of them do not exceed, within QUANTILE_ERROR; the rest is exact. What is beyond
    LARGEST_DURATION counts as that.
    """

    number: int
    shortest: int
    p50: int
    p95: int
    longest: int


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """What patterns say of an agent: how many, how many tell of success and failure, how long."""

    agent: str
    by_type: Mapping[str, int]
    succeeded: int
    failed: int
    durations: Durations | None

    @property
    def patterns(self) -> int:
        """How many patterns name the agent."""
        return sum(self.by_type.values())


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a store: where, and what."""

    place: str
    problem: str


@dataclass(frozen=True, slots=True)
class Repair:
    """What was mended: patterns newly found, patterns found gone, and what else was wrong."""

    taken_up: int
    deleted: int
    findings: list[Finding]


class Storage(LearnedStorage, ABC):
    """One open store. `open` comes first and `close` last, each once."""

    mending: ClassVar[str]
    """What a person can do about damage that a check has found: one sentence or more."""

    @abstractmethod
    async def open(self) -> None:
        """Make the store ready, creating or migrating it where needed.

        Raises StoreBusy where another process holds it, StoreNotOpened where it cannot be
        read or written; both name the path and the remedy.
        """

    async def ready(self) -> None:
        """Return when the store can be used; until then, calls raise StorageUnavailable."""
        await self.ping()

    @abstractmethod
    async def close(self) -> None:
        """Finish what was accepted, then let go of the store."""

    @abstractmethod
    def require_vacancy(self) -> None:
        """See that a new store can be made here, before it is opened.

        Raises StoreExists, naming the place, where there is anything, be it part of a store.
        """

    @abstractmethod
    def take_over(self, snapshot: Path) -> AsyncIterator[int]:
        """Make the store, before it is opened, from a `snapshot`; it is there whole or not at all.

        The snapshot is used up, and the folder it lies in too: on the store's disk, and to be
        thrown away afterwards. Yields after each short step how many patterns it took over.
        Raises StoreExists as `require_vacancy` does.
        """

    @abstractmethod
    async def ping(self) -> None:
        """Return when the storage has answered a read."""

    # Writing. What these return is durable.

    @abstractmethod
    async def insert_many(
        self, records: Sequence[Record], *, starting: Callable[[], None] = lambda: None
    ) -> list[Insertion]:
        """Store the records whose ids are free, in their order; one outcome for each.

        An id that is taken is a DUPLICATE where the same was received under it before or is
        its present content, and else a CONFLICT; neither changes the store. Records of one
        call may share an id: the first is stored, the others are measured against it. The
        one write path: a single pattern is a call with one record.

        `starting` is called when it is their turn to be written: until then there may come more
        records, and none after.

        A `preserved` provenance is kept, its `seq` where that is greater than the store's
        last, or else the next one taken.
        """

    async def insert(self, record: Record) -> Insertion:
        """Store one record: `insert_many` of one."""
        return (await self.insert_many([record]))[0]

    @abstractmethod
    async def update(self, record: Record, seq: int) -> StoredDocument:
        """Replace the content whose latest change was `seq`, taking one up from its revision.

        Receipt time and hash stay those of the first content. Raises PatternChanged where
        the id's latest change is another, or it is gone.
        """

    @abstractmethod
    async def delete_many(self, seqs: Sequence[int], *, expiring: bool = False) -> int:
        """Delete the patterns whose latest change is among `seqs`, leaving a tombstone each.

        Returns how many; those changed or gone since don't count. Where they are `expiring`,
        what never expires stays, and so does an error that is not learned yet, once any is.
        One transaction: callers with many split them.
        """

    @abstractmethod
    async def restore(
        self, changes: Sequence[Change], *, last_seq: int = 0, purged_seq: int = 0
    ) -> None:
        """Take over changes of another store as they are, their numbers included.

        What is there already stays, so that this may be repeated. Numbers up to `last_seq`
        count as given from now on, deletions up to `purged_seq` as forgotten. Raises
        PatternExists where an id or a number is taken by anything else.
        """

    @abstractmethod
    async def purge_tombstones(self, before: int) -> int:
        """Forget tombstones of deletions before a time (microseconds); how many."""

    @abstractmethod
    async def compressible(self, before: int) -> tuple[list[Tally], Sequence[int]]:
        """What is older than a time (microseconds) and not yet compressed.

        Age is what `Expiry` says. The tallies by day and type, and the `seq` of each pattern.
        """

    @abstractmethod
    def compress(self, before: int) -> AsyncIterator[int]:
        """Compress what is older than a time (microseconds), in short steps beside writers.

        Yields after each step how many patterns it took. It may end, or be broken off, at any
        step: what is done is done, and the next run takes up the rest. Nothing changes for
        readers.
        """

    @abstractmethod
    def summarise(self, before: int) -> AsyncIterator[int]:
        """Make `agents` quick for what ended before a time (microseconds), beside writers.

        Yields after each short step how many periods it summarised. It may end, or be broken
        off, at any step; the next run takes up the rest, and what has changed since. Answers
        are the same before, during and after. One run at a time.
        """

    @abstractmethod
    async def reclaim(self) -> None:
        """Give space that deletions have freed back to the file system, in short steps."""

    # Reading.

    @abstractmethod
    async def get(self, pattern_id: str) -> StoredDocument | None:
        """The pattern under this id."""

    async def fetch(self, pattern_id: str) -> StoredDocument:
        """The pattern under this id. Raises PatternNotFound."""
        stored = await self.get(pattern_id)
        if stored is None:
            raise PatternNotFound(pattern_id)
        return stored

    @abstractmethod
    async def query(
        self,
        filters: Filters,
        *,
        order: Order,
        limit: int,
        max_bytes: int,
        after: Position | None = None,
    ) -> Page:
        """The first matches after a position, by time and then by id.

        At most `limit`, and no more than `max_bytes` of JSON text, but at least one.
        """

    @abstractmethod
    async def count(self, filters: Filters) -> Count:
        """How many match; exact unless counting on would cost too much."""

    @abstractmethod
    async def agents(self, filters: Filters) -> list[AgentFigures]:
        """What the matches that name an agent say of each, in no order. Never stale."""

    @abstractmethod
    async def changes(
        self,
        filters: Filters,
        *,
        after_seq: int,
        limit: int,
        max_bytes: int,
        deletes: bool,
        begun_at: int,
    ) -> Changes:
        """The next matches by `seq`, and with `deletes` all tombstones among them.

        Bounded as `query` is; there may be none though others follow. Where `through` is
        `after_seq`, nothing newer was there. `begun_at` is the `after_seq` of the first step:
        a reader who began at 0, with nothing, misses no tombstone. Raises HistoryGone where
        another's `deletes` asks for tombstones that have been purged.
        """

    @property
    def generation(self) -> int:
        """How often, since it was opened, states may have come to be under numbers gone beyond.

        A commit follows each time. Whoever learns from changes then compares all there is.
        """
        return 0

    @abstractmethod
    async def next_commit(self, after: int) -> int:
        """Wait until there were more commits than `after`; how many, since the store was opened."""

    @abstractmethod
    async def matching(self, filters: Filters) -> Sequence[int]:
        """The `seq` of every match at one moment, oldest change first."""

    @abstractmethod
    async def expired(
        self, expiry: Expiry, projects: Sequence[str] = ()
    ) -> tuple[list[Tally], Sequence[int]]:
        """What has expired, in some projects if any are named.

        The tallies by day and type, and the `seq` of each pattern. What fixed an error is not
        forgotten: of the errors of a group that carry one resolution, in one project, the latest
        never expires.
        """

    @abstractmethod
    async def tally_expired(self, expiry: Expiry, projects: Sequence[str] = ()) -> list[Tally]:
        """The tallies of `expired`, without a list of what may be a million patterns."""

    @abstractmethod
    async def oldest(
        self, *, patterns: int, size: int, received_before: int, besides: Collection[int]
    ) -> tuple[list[Tally], Sequence[int]]:
        """The oldest patterns: at least so many, with at least `size` bytes. Age is as in `Expiry`.

        Only those received before a time (microseconds), not those whose `seq` is in `besides`,
        and none that never expires. Fewer where there are no more.
        """

    @abstractmethod
    async def summary(self, now: int) -> Summary:
        """The store at a glance, at a present given in microseconds since the epoch."""

    @abstractmethod
    async def summary_of_projects(self, now: int, projects: Sequence[str]) -> Summary:
        """The same of some projects alone, at least one, with nothing in it of the others.

        All sizes are those of their JSON texts before any compression; `last_seq` is the latest
        of their patterns, `purged_seq` 0.
        """

    @abstractmethod
    def stored_bytes(self) -> int:
        """What the store takes on disk, at once."""

    @abstractmethod
    async def snapshot(self, path: Path) -> None:
        """Write all there is at one moment to a new file, beside writers, also read-only.

        The file is a database that the sqlite backend opens, whatever the backend. It is not
        synced, and incomplete where this fails.
        """

    @abstractmethod
    def check(self) -> AsyncIterator[Finding]:
        """Everything wrong with the store, as it is found; nothing is changed."""

    async def repair(self) -> Repair | None:
        """Mend what the store has the means to mend, and say what was done since it was opened.

        None where it has nothing to mend itself from.
        """
        return None
