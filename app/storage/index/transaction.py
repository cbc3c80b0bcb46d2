"""What one write transaction can do."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.errors import PatternChanged, PatternExists
from app.schemas.fields import PatternType
from app.schemas.json_text import read_json, same_json
from app.schemas.records import Provenance, Record, StoredDocument, record_of_document
from app.schemas.timestamps import now
from app.storage.base import Change, Insertion, Outcome, Tombstone
from app.storage.index import ids, journal
from app.storage.index.connections import Connection
from app.storage.index.learning import carry_over, learning
from app.storage.index.meta import last_seq_of
from app.storage.index.mirror import Mirror
from app.storage.index.retaining import without_exemplars
from app.storage.index.rows import COLUMNS, stored_document, wrong_with
from app.storage.index.tables import Tables
from app.storage.learned import Decision, Proposal

_ERROR = PatternType.ERROR_OCCURRENCE


@dataclass(slots=True)
class _Known:
    """What an id is taken by; `document` where it is at hand."""

    stored: Provenance
    received: bytes
    document: bytes | None = None


class Transaction:
    """Changes to the tables, between BEGIN and COMMIT; `finish` and `keep` come last."""

    def __init__(self, connection: Connection, mirror: Mirror) -> None:
        self.connection = connection
        self._mirror = mirror
        self._first_seq = last_seq_of(connection)
        self._last_seq: int = max(self._first_seq, mirror.last_seq)
        self._tables = Tables(connection)
        self._decided: list[Decision] = []

    def insert(self, records: Sequence[Record]) -> list[Insertion]:
        """See `Storage.insert_many`."""
        known = self._known({record.pattern_id for record in records})
        added: list[tuple[Record, Provenance]] = []
        insertions = []
        for record in records:
            taken = known.get(record.pattern_id)
            if taken is None:
                stored = self._provenance_for(record)
                known[record.pattern_id] = _Known(stored, record.received, record.document)
                added.append((record, stored))
                insertions.append(Insertion(Outcome.STORED, stored))
            elif taken.received == record.received or self._same_content(taken, record):
                insertions.append(Insertion(Outcome.DUPLICATE, taken.stored))
            else:
                insertions.append(Insertion(Outcome.CONFLICT, taken.stored))
        self._tables.add(added)
        return insertions

    def update(self, record: Record, seq: int) -> StoredDocument:
        """See `Storage.update`."""
        old = self._states([seq])
        if not old or old[0].pattern_id != record.pattern_id:
            raise PatternChanged(f"The pattern {record.pattern_id!r} has changed meanwhile.")
        received = self._known({record.pattern_id})[record.pattern_id].received
        stored = Provenance(old[0].stored.at, self._next_seq(), old[0].stored.revision + 1)
        if record.pattern_type == _ERROR:
            carry_over(self.connection, seq, stored.seq, record.filed.project_name)
        self._remove(old)
        self._tables.add([(record._replace(received=received), stored)])
        return StoredDocument.of(
            record.pattern_id, record.pattern_type, record.timestamp, record.document, stored
        )

    def restore(self, changes: Sequence[Change], last_seq: int, purged_seq: int) -> None:
        """See `Storage.restore`."""
        fresh = self._not_there(changes)
        states = [change for change in fresh if isinstance(change, StoredDocument)]
        self._tables.add([(record_of_document(state), state.stored) for state in states])
        self._tables.bury([(change, now()) for change in fresh if isinstance(change, Tombstone)])
        self._last_seq = max([self._last_seq, last_seq, *(change.seq for change in fresh)])
        self.connection.execute(
            "UPDATE meta SET value = max(value, ?) WHERE name = 'purged_seq'", (purged_seq,)
        )

    def delete(self, seqs: Sequence[int], expiring: bool = False) -> int:
        """See `Storage.delete_many`."""
        states = self._states(seqs, damaged=True)
        if expiring:
            states = without_exemplars(self.connection, states)
        self._remove(states)
        self._tables.bury(
            [(Tombstone(state.pattern_id, self._next_seq()), now()) for state in states]
        )
        return len(states)

    def decide(self, proposal: Proposal, at: int) -> tuple[Decision, bool]:
        """See `LearnedStorage.decide`."""
        made = journal.made_under(self.connection, proposal.key)
        if made is not None:
            return made, False
        decision = journal.append(self.connection, proposal, at, self._last_seq)
        self._decided.append(decision)
        return decision, True

    def restore_decisions(self, decisions: Sequence[Decision]) -> None:
        """See `LearnedStorage.restore_decisions`."""
        self._decided += journal.restore(self.connection, decisions)

    def apply_decisions(self, decisions: Sequence[Decision]) -> None:
        """Take the decisions there are from elsewhere; these are all."""
        journal.replace(self.connection, decisions)

    def purge_tombstones(self, before: int) -> int:
        """See `Storage.purge_tombstones`."""
        self.connection.execute(
            "UPDATE meta SET value = max(value, coalesce("
            " (SELECT max(seq) FROM tombstones WHERE deleted_at < ?), 0))"
            " WHERE name = 'purged_seq'",
            (before,),
        )
        return self.connection.execute(
            "DELETE FROM tombstones WHERE deleted_at < ?", (before,)
        ).rowcount

    def state_of(self, pattern_id: str) -> StoredDocument | None:
        """The present state of a pattern."""
        known = self._known([pattern_id]).get(pattern_id)
        return None if known is None else self._states([known.stored.seq])[0]

    def adopt(
        self, record: Record, *, instead_of: StoredDocument | None = None, late: bool = False
    ) -> Provenance:
        """Take in a state from elsewhere, with the provenance it preserves where that is free.

        In the place of another state it takes one up from that state's revision, unless its
        own number is later. A state that comes `late`, after readers have gone beyond its
        number, gets the next one, so that their exports tell of it; also an error, where
        whoever learns has.
        """
        stored = record.preserved or Provenance(record.at, 0, 1)
        if instead_of is not None and stored.seq <= instead_of.stored.seq:
            stored = Provenance(instead_of.stored.at, 0, instead_of.stored.revision + 1)
        is_error = record.pattern_type == _ERROR
        progress = learning(self.connection) if is_error else None
        passed_by = progress is not None and stored.seq <= progress.through
        if (late or passed_by) and stored.seq <= self._last_seq:
            stored = stored._replace(seq=0)
        taken = self.connection.execute(
            "SELECT 1 FROM patterns WHERE seq = ?1 UNION SELECT 1 FROM tombstones WHERE seq = ?1",
            (stored.seq,),
        ).fetchone()
        if stored.seq == 0 or taken:
            stored = stored._replace(seq=self._next_seq())
        self._last_seq = max(self._last_seq, stored.seq)
        if instead_of is not None:
            self._remove([instead_of])
        self._tables.add([(record, stored)])
        return stored

    def apply_tombstones(self, tombstones: Sequence[tuple[Tombstone, int]], purged: int) -> None:
        """Take the tombstones there are from elsewhere; what they bury is gone."""
        self.connection.execute("DELETE FROM tombstones")
        self.connection.executemany(
            "INSERT OR IGNORE INTO tombstones (seq, pattern_id, deleted_at) VALUES (?, ?, ?)",
            [(tombstone.seq, tombstone.pattern_id, at) for tombstone, at in tombstones],
        )
        self.connection.execute(
            "UPDATE meta SET value = max(value, ?) WHERE name = 'purged_seq'", (purged,)
        )
        self._last_seq = max([self._last_seq, *(tombstone.seq for tombstone, _ in tombstones)])
        buried = self.connection.execute(
            "SELECT i.seq FROM tombstones t JOIN ids i USING (pattern_id) WHERE t.seq > i.seq"
        ).fetchall()
        self._remove(self._states([seq for (seq,) in buried]))

    def make_cold(self, seqs: Sequence[int], dictionary: int) -> None:
        """Compress the documents of some states with a dictionary."""
        self.connection.documents.make_cold(seqs, dictionary)

    def add_dictionary(self, content: bytes) -> int:
        """Keep a new dictionary; its number."""
        return self.connection.documents.add_dictionary(content)

    def finish(self) -> None:
        """Write what the changes add up to."""
        if self._last_seq != self._first_seq or self._tables.added:
            self.connection.execute(
                "UPDATE meta SET value = ? WHERE name = 'last_seq'", (self._last_seq,)
            )
        self._tables.finish()

    def keep(self) -> None:
        """Have the mirror keep the changes, too."""
        if self._last_seq != self._first_seq or self._tables.added:
            self._mirror.keep(
                self.connection, self._tables.added, self._tables.buried, self._last_seq
            )
        if self._decided:
            self._mirror.keep_decisions(self._decided)

    def _next_seq(self) -> int:
        self._last_seq += 1
        return self._last_seq

    def _provenance_for(self, record: Record) -> Provenance:
        if record.preserved is None:
            return Provenance(record.at, self._next_seq(), 1)
        self._last_seq = max(self._last_seq + 1, record.preserved.seq)
        return record.preserved._replace(seq=self._last_seq)

    def _known(self, pattern_ids: Iterable[str]) -> dict[str, _Known]:
        named = list(pattern_ids)
        one = len(named) == 1  # which most have, and which takes less time than reading a list
        among = "= ?" if one else "IN (SELECT value FROM json_each(?))"
        rows = self.connection.execute(
            "SELECT p.pattern_id, p.stored_at, p.seq, p.revision, p.received"
            f" FROM {ids.PATTERNS} WHERE i.pattern_id {among}",
            (named[0] if one else json.dumps(named),),
        )
        return {
            pattern_id: _Known(Provenance(at, seq, revision), received)
            for pattern_id, at, seq, revision, received in rows
        }

    def _not_there(self, changes: Sequence[Change]) -> list[Change]:
        """Those changes whose number is free. Raises PatternExists where ids contradict."""
        numbered = dict(
            self.connection.execute(
                "WITH given AS (SELECT value AS seq FROM json_each(?))"
                " SELECT seq, pattern_id FROM patterns JOIN given USING (seq)"
                " UNION ALL SELECT seq, pattern_id FROM tombstones JOIN given USING (seq)",
                (json.dumps([change.seq for change in changes]),),
            ).fetchall()
        )
        fresh = [change for change in changes if change.seq not in numbered]
        known = self._known(change.pattern_id for change in fresh)
        for change in changes:
            present = None if change.seq in numbered else known.get(change.pattern_id)
            if present is not None and isinstance(change, Tombstone):
                taken = present.stored.seq < change.seq  # a later pattern may follow a deletion
            else:
                taken = present is not None
            if taken or numbered.get(change.seq, change.pattern_id) != change.pattern_id:
                raise PatternExists(change.pattern_id)
        return fresh

    def _same_content(self, taken: _Known, record: Record) -> bool:
        if taken.document is None:
            taken.document = self._states([taken.stored.seq])[0].document
        return same_json(read_json(taken.document), read_json(record.document))

    def _states(self, seqs: Sequence[int], *, damaged: bool = False) -> list[StoredDocument]:
        """The states that some `seq` name; `damaged` ones too, without their documents, if asked.

        Raises DamagedStore if not.
        """
        rows = self.connection.execute(
            f"SELECT {COLUMNS} FROM patterns p WHERE p.seq IN (SELECT value FROM json_each(?))",
            (json.dumps(list(seqs)),),
        ).fetchall()
        found = []
        for row in rows:
            document = self.connection.documents.read(row[4])
            if damaged and wrong_with(row, document) is not None:
                found.append(StoredDocument(row[0], row[1], row[2], b"", Provenance(*row[3:6])))
            else:
                found.append(stored_document(row, document))
        return found

    def _remove(self, states: Sequence[StoredDocument]) -> None:
        self._tables.remove(states)
        self._mirror.let_go(self.connection, states)
