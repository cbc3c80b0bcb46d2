"""The contract of writing as a plain dictionary, to hold a storage against."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.schemas.records import Provenance, Record, StoredDocument
from app.storage.base import Insertion, Outcome, Tombstone


@dataclass(frozen=True)
class Entry:
    """A pattern: what was received first, what is there now, and where that stands."""

    received: bytes
    record: Record
    stored: Provenance


class Model:
    """What a store must hold after the same calls."""

    def __init__(self) -> None:
        self.last_seq = 0
        self.entries: dict[str, Entry] = {}
        self.tombstones: list[Tombstone] = []

    def insert_many(self, records: Sequence[Record]) -> list[Insertion]:
        return [self._insert(record) for record in records]

    def update(self, record: Record, seq: int) -> StoredDocument | None:
        """The new state, None where the pattern has another seq or is not there."""
        old = self.entries.get(record.pattern_id)
        if old is None or old.stored.seq != seq:
            return None
        stored = old.stored._replace(seq=self._next_seq(), revision=old.stored.revision + 1)
        self.entries[record.pattern_id] = replace(old, record=record, stored=stored)
        return self.get(record.pattern_id)

    def delete_many(self, seqs: Sequence[int]) -> int:
        gone = [name for name, entry in self.entries.items() if entry.stored.seq in seqs]
        for name in sorted(gone, key=lambda name: self.entries[name].stored.seq):
            del self.entries[name]
            self.tombstones.append(Tombstone(name, self._next_seq()))
        return len(gone)

    def purge_tombstones(self) -> int:
        number = len(self.tombstones)
        self.tombstones.clear()
        return number

    def get(self, pattern_id: str) -> StoredDocument | None:
        entry = self.entries.get(pattern_id)
        if entry is None:
            return None
        found = entry.record
        return StoredDocument.of(
            pattern_id, found.pattern_type, found.timestamp, found.document, entry.stored
        )

    def changes(self) -> list[StoredDocument | Tombstone]:
        """All there is to export, in the order of seq."""
        patterns = {entry.stored.seq: self.get(name) for name, entry in self.entries.items()}
        by_seq = patterns | {tombstone.seq: tombstone for tombstone in self.tombstones}
        return [change for _, change in sorted(by_seq.items()) if change is not None]

    def _insert(self, record: Record) -> Insertion:
        entry = self.entries.get(record.pattern_id)
        if entry is None:
            stored = Provenance(record.at, self._next_seq(), 1)
            self.entries[record.pattern_id] = Entry(record.document, record, stored)
            return Insertion(Outcome.STORED, stored)
        if record.document in (entry.received, entry.record.document):
            return Insertion(Outcome.DUPLICATE, entry.stored)
        return Insertion(Outcome.CONFLICT, entry.stored)

    def _next_seq(self) -> int:
        self.last_seq += 1
        return self.last_seq
