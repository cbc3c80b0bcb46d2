"""The course that all contestants go over: every row of the table, by turns."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.speed import growing, reading, starting, writing
from tests.benchmarks.speed.contestants import Contestant, Reader, Reference, Service
from tests.benchmarks.speed.entries import Entry, entered
from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.raw import RawReading, RawWriting, agents_of
from tests.benchmarks.speed.rounds import Samples
from tests.benchmarks.speed.scale import Scale
from tests.benchmarks.stores import place

Found = Iterator[tuple[str, Samples]]
"""What was measured, by the keys of `WORKLOADS`."""


@dataclass(frozen=True, slots=True)
class Course:
    """Who goes over it, at what scale; `rows` are those to measure.

    `work` is a folder for what is not kept.
    """

    kept: KeptStores
    work: Path
    scale: Scale
    rows: frozenset[str]
    peers: tuple[Reader, ...] = ()

    def run(self) -> Found:
        """Measure all that is wanted."""
        if self.rows & {"start", "memory"}:
            contestants = (Reference(), Service(), *self.peers)
            yield from starting.starts(contestants, self.kept, self.work, self.scale)
        if self.rows & {"W3", "W4", "W5", "deep"}:
            yield from self._reading()
        if "ingest" in self.rows:
            yield from growing.ingest(self.kept, self.work, self.scale)
        if self.rows & {"W1", "W2"}:
            yield from self._writing()

    def _reading(self) -> Found:
        many, scale = self.scale.patterns, self.scale
        with ExitStack() as stack:
            sqlite, files = (Service(), many), (Service("filesystem"), scale.files)
            entries = self._enter(stack, sqlite, files, *((peer, many) for peer in self.peers))
            if "W3" in self.rows:
                yield from reading.by_id(entries, scale)
            store = Service().store(self.kept, many)
            agents = agents_of(store, self.kept, many)
            raw = stack.enter_context(closing(RawReading(place(store, "sqlite"), agents)))
            if "W4" in self.rows:
                yield from reading.latest(entries, raw, scale)
            if "W5" in self.rows:
                yield from reading.by_agent(entries, raw, scale)
            if "deep" in self.rows:
                yield from reading.pages(entries[0], scale)

    def _writing(self) -> Found:
        few, scale = self.scale.few, self.scale
        with ExitStack() as stack:
            entries = self._enter(
                stack,
                (Reference(), few),
                (Reference(in_thread=True), few),
                (Service(), few),
                (Service(synchronous="normal"), few),
                (Service("filesystem"), scale.files),
                *((peer, few) for peer in self.peers),
            )
            if "W1" in self.rows:
                yield from writing.singles(entries, self.work, scale)
            if "W2" in self.rows:
                source = place(Service().store(self.kept, scale.patterns), "sqlite")
                raw = RawWriting(source, self.work / "raw.db", already=few)
                yield from writing.batches(entries, stack.enter_context(closing(raw)), scale)

    def _enter(self, stack: ExitStack, *starting: tuple[Contestant, int]) -> list[Entry]:
        """Start contestants, each on a store of so many patterns, and wait for them all."""
        entries = [
            stack.enter_context(entered(contestant, self.kept, patterns, work=self.work))
            for contestant, patterns in starting
        ]
        for entry in entries:
            entry.wait()
        return entries
