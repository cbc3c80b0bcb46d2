"""Contestants in a course, each with its server on a store."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.speed.contestants import Contestant, Reader
from tests.benchmarks.speed.kept import KeptStores, copied
from tests.benchmarks.speed.load import Load, Posting, get, post
from tests.benchmarks.speed.processes import Server
from tests.benchmarks.speed.questions import latest, lines_to_post, some_ids, spans, written
from tests.benchmarks.speed.resident import resident


@dataclass(frozen=True, slots=True)
class Entry:
    """A contestant whose server was started on a store, which is a folder.

    Another `folder` is for what is to be posted and asked.
    """

    contestant: Contestant
    server: Server
    store: Path
    folder: Path

    @property
    def name(self) -> str:
        """The contestant's name."""
        return self.contestant.name

    def wait(self) -> None:
        """Wait until the server can be used, and has nothing left to do for its start."""
        self.server.wait_for(self.contestant.ready)
        self.contestant.settle(self.server)

    def post(self, posting: Posting, connections: int, seconds: float) -> float:
        """Patterns a second that it takes.

        What it then has left to learn is waited for: whoever comes next is not measured beside it.
        """
        lines = self.folder / "lines"
        with resident(self.store):
            load = post(self.server.url, posting, lines, connections=connections, seconds=seconds)
        self.contestant.settle(self.server)
        return load.rate * posting.lines

    def get(self, paths: str, connections: int, seconds: float) -> Load:
        """Load from getting the paths in a file."""
        file = self.folder / paths
        with resident(self.store):
            return get(self.server.url, file, connections=connections, seconds=seconds)


@contextmanager
def entered(
    contestant: Contestant, kept: KeptStores, patterns: int | None, *, work: Path
) -> Iterator[Entry]:
    """A contestant on a copy of its kept store of so many patterns; both go at the end.

    With None it begins without a store.
    """
    with tempfile.TemporaryDirectory(dir=work) as temporary:
        folder = Path(temporary)
        kept_store = None if patterns is None else contestant.store(kept, patterns)
        store = folder / "store"
        if kept_store is None:
            store.mkdir()
        else:
            copied(kept_store, store)
        written(folder / "lines", lines_to_post(contestant))
        if kept_store is not None and isinstance(contestant, Reader):
            written(folder / "ids", map(contestant.by_id, some_ids(kept_store)))
            written(folder / "latest", map(contestant.latest, latest()))
            written(folder / "spans", (contestant.by_agent(*span) for span in spans()))
        with contestant.server(store) as server:
            yield Entry(contestant, server, store, folder)
