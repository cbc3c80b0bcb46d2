"""The course that all contestants go over: every workload, by turns."""

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.speed.contestants import Contestant, Reader, Reference, Service
from tests.benchmarks.speed.entries import Entry, entered
from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.raw import RawWriting
from tests.benchmarks.speed.reading import Found, reading
from tests.benchmarks.speed.rounds import Samples, by_turns
from tests.benchmarks.speed.scale import Scale
from tests.benchmarks.speed.targets import FEW, MANY, RAW
from tests.benchmarks.stores import place

CONNECTIONS = 32
BATCH_CONNECTIONS = 2
"""Enough that one batch can be read while another is written."""

_SETTLE_SECONDS = 1.0
_GROWTH_SECONDS = 2.0
"""The longest that a small store is written to: it is to stay small."""


@dataclass(frozen=True, slots=True)
class Course:
    """Who goes over it, at what scale; `work` is a folder for what is not kept."""

    kept: KeptStores
    work: Path
    scale: Scale
    only: frozenset[str] = frozenset()
    peers: tuple[Reader, ...] = ()

    def run(self) -> Found:
        """Measure everything; yields what was found, by the keys of `WORKLOADS`."""
        few, many, files = self.scale.few, self.scale.patterns, self.scale.files
        yield from self._starting()
        with ExitStack() as stack:
            large = self._enter(stack, Service(), many)
            tree = self._enter(stack, Service("filesystem"), files)
            with ExitStack() as reading_only:
                peers = [self._enter(reading_only, peer, many) for peer in self.peers]
                store = Service().store(self.kept, many)
                yield from reading([large, tree, *peers], store, self.scale, self.kept)
            yield from self._growing(large)
        with ExitStack() as stack:
            entries = [
                self._enter(stack, Reference(), few),
                self._enter(stack, Service(), few),
                self._enter(stack, Service(synchronous="normal"), few),
                self._enter(stack, Service("filesystem"), files),
                *(self._enter(stack, peer, few) for peer in self.peers),
            ]
            yield from self._writing(entries)

    def _enter(self, stack: ExitStack, contestant: Contestant, patterns: int) -> Entry:
        entering = entered(contestant, self.kept, patterns, work=self.work)
        return stack.enter_context(entering)

    def _writing(self, entries: list[Entry]) -> Found:
        """W1 and W2."""
        rounds, seconds = self.scale.rounds, self.scale.batch_seconds
        for key, connections in (("W1 32", CONNECTIONS), ("W1 1", 1)):
            singles = {
                entry.name: partial(
                    entry.post, entry.contestant.single, connections, self.scale.seconds
                )
                for entry in entries
            }
            yield key, by_turns(rounds, singles)
        batches = {
            entry.name: partial(entry.post, entry.contestant.batch, BATCH_CONNECTIONS, seconds)
            for entry in entries
            if entry.contestant.batch is not None
        }
        source = place(Service().store(self.kept, self.scale.patterns), "sqlite")
        with closing(RawWriting(source, self.work / "raw.db", self.scale.few)) as raw:
            yield "W2", by_turns(rounds, {RAW: partial(raw.rate, seconds), **batches})

    def _growing(self, large: Entry) -> Found:
        """Ingest into a large store, and into a small one that is new in each round."""
        seconds = min(self.scale.seconds, _GROWTH_SECONDS)
        batch_seconds = min(self.scale.batch_seconds, _GROWTH_SECONDS)
        single: Samples = {FEW: [], MANY: []}
        batch: Samples = {FEW: [], MANY: []}
        for _ in range(self.scale.rounds):
            with entered(Service(), self.kept, self.scale.few, work=self.work) as small:
                for name, entry in ((FEW, small), (MANY, large)):
                    posting = Service.single
                    single[name].append(entry.post(posting, CONNECTIONS, seconds))
                for name, entry in ((FEW, small), (MANY, large)):
                    batch[name].append(entry.post(Service.batch, BATCH_CONNECTIONS, batch_seconds))
        yield "ingest single", single
        yield "ingest batch", batch

    def _starting(self) -> Found:
        """Cold starts on a small store, one at a time, and the memory they take at rest."""
        starts: Samples = {}
        memory: Samples = {}
        for _ in range(self.scale.rounds):
            for contestant in (Reference(), Service(), *self.peers):
                with entered(contestant, self.kept, self.scale.few, work=self.work) as entry:
                    time.sleep(_SETTLE_SECONDS)
                    starts.setdefault(entry.name, []).append(entry.server.started_in)
                    memory.setdefault(entry.name, []).append(entry.server.memory() / 1e6)
        yield "start", starts
        yield "memory", memory
