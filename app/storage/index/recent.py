"""The states that were read last, as they were checked and put together then.

Agents ask the same over and over, and two thirds of a page's time went into reading, checking and
formatting documents that the page before had as well. A state never changes: another one has
another `seq`, or in a database made anew another checksum. So a search finds its patterns in the
database each time, and what these are is remembered.
"""

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from app.schemas.records import StoredDocument
from app.storage.index.rows import Row

MAX_BYTES = 32 * 1024 * 1024

_BESIDE_THE_TEXT = 850
"""Bytes that a state takes besides its text, at most but for the longest ids."""

Key = tuple[int, int | None]
"""The `seq` of a state, and its checksum: None where a version before 3 has written it."""


def key_of(row: Row) -> Key:
    """What names the state of a row."""
    return row[4], row[6]


class RecentStates:
    """Those states that were used last; for all connections, whichever threads use them."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._states: OrderedDict[Key, StoredDocument] = OrderedDict()
        self._lock = Lock()

    def of(self, keys: Iterable[Key]) -> list[StoredDocument | None]:
        """The state of each key, None where it must be read."""
        found = []
        with self._lock:
            for key in keys:
                state = self._states.get(key)
                if state is not None:
                    self._states.move_to_end(key)
                found.append(state)
        return found

    def add(self, read: Iterable[tuple[Key, StoredDocument]]) -> None:
        """Keep what was read, and forget what was used longest ago."""
        with self._lock:
            for key, state in read:
                is_told_apart = key[1] is not None
                if is_told_apart and key not in self._states:
                    self._states[key] = state
                    self._bytes += _size(state)
            while self._bytes > self._max_bytes:
                _, forgotten = self._states.popitem(last=False)
                self._bytes -= _size(forgotten)


def _size(state: StoredDocument) -> int:
    return len(state.json) + _BESIDE_THE_TEXT
