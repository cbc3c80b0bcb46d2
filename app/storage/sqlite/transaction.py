"""What one write transaction can do; every change to the tables is in this module."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace

from app.errors import PatternChanged
from app.schemas.json_text import read_json, same_json
from app.schemas.records import Provenance, Record, StoredDocument, record_of_document
from app.schemas.timestamps import day_of, now
from app.storage.base import Insertion, Outcome
from app.storage.sqlite.rows import COLUMNS, stored_document

_ADD_PATTERN = (
    "INSERT INTO patterns (seq, pattern_id, pattern_type, timestamp, stored_at, revision,"
    " received, project_name, agent, task_type, environment, session_id, user_id, success,"
    " error_type, severity, duration_ms)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_TO_DAY = (
    "INSERT INTO days (day, project_name, pattern_type, patterns, bytes) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE"
    " SET patterns = patterns + excluded.patterns, bytes = bytes + excluded.bytes"
)


@dataclass(slots=True)
class _Known:
    """What an id is taken by; `document` where it is at hand."""

    stored: Provenance
    received: bytes
    document: bytes | None = None


class Transaction:
    """Changes to the tables, between BEGIN and COMMIT; `finish` comes last."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._last_seq: int = connection.execute(
            "SELECT value FROM meta WHERE name = 'last_seq'"
        ).fetchone()[0]
        self._first_seq = self._last_seq
        self._removed_words = 0
        self._days: defaultdict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0])

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
        self._add(added)
        return insertions

    def update(self, record: Record, seq: int) -> StoredDocument:
        """See `Storage.update`."""
        old = self._states([seq])
        if not old or old[0].pattern_id != record.pattern_id:
            raise PatternChanged(f"The pattern {record.pattern_id!r} has changed meanwhile.")
        received = self._known({record.pattern_id})[record.pattern_id].received
        stored = Provenance(old[0].stored.at, self._next_seq(), old[0].stored.revision + 1)
        self._remove(old)
        self._add([(replace(record, received=received), stored)])
        return StoredDocument(
            record.pattern_id, record.pattern_type, record.timestamp, record.document, stored
        )

    def delete(self, seqs: Sequence[int]) -> int:
        """See `Storage.delete_many`."""
        states = self._states(seqs)
        self._remove(states)
        moment = now()
        self._connection.executemany(
            "INSERT INTO tombstones (seq, pattern_id, deleted_at) VALUES (?, ?, ?)",
            [(self._next_seq(), state.pattern_id, moment) for state in states],
        )
        return len(states)

    def purge_tombstones(self, before: int) -> int:
        """See `Storage.purge_tombstones`."""
        self._connection.execute(
            "UPDATE meta SET value = max(value, coalesce("
            " (SELECT max(seq) FROM tombstones WHERE deleted_at < ?), 0))"
            " WHERE name = 'purged_seq'",
            (before,),
        )
        return self._connection.execute(
            "DELETE FROM tombstones WHERE deleted_at < ?", (before,)
        ).rowcount

    def finish(self) -> None:
        """Write what the changes add up to."""
        if self._last_seq != self._first_seq:
            self._connection.execute(
                "UPDATE meta SET value = ? WHERE name = 'last_seq'", (self._last_seq,)
            )
        if self._removed_words:
            self._connection.execute(
                "UPDATE meta SET value = value + ? WHERE name = 'removed_words'",
                (self._removed_words,),
            )
        if self._days:
            self._connection.executemany(
                _ADD_TO_DAY, [(*key, *delta) for key, delta in self._days.items()]
            )
            self._connection.executemany(
                "DELETE FROM days WHERE day = ? AND project_name = ? AND pattern_type = ?"
                " AND patterns = 0",
                [key for key, (patterns, _) in self._days.items() if patterns < 0],
            )

    def _next_seq(self) -> int:
        self._last_seq += 1
        return self._last_seq

    def _provenance_for(self, record: Record) -> Provenance:
        if record.preserved is None:
            return Provenance(record.at, self._next_seq(), 1)
        self._last_seq = max(self._last_seq + 1, record.preserved.seq)
        return replace(record.preserved, seq=self._last_seq)

    def _known(self, pattern_ids: Iterable[str]) -> dict[str, _Known]:
        rows = self._connection.execute(
            "SELECT pattern_id, stored_at, seq, revision, received FROM patterns"
            " WHERE pattern_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(pattern_ids)),),
        )
        return {
            pattern_id: _Known(Provenance(at, seq, revision), received)
            for pattern_id, at, seq, revision, received in rows
        }

    def _same_content(self, taken: _Known, record: Record) -> bool:
        if taken.document is None:
            taken.document = self._states([taken.stored.seq])[0].document
        return same_json(read_json(taken.document), read_json(record.document))

    def _states(self, seqs: Sequence[int]) -> list[StoredDocument]:
        rows = self._connection.execute(
            f"SELECT {COLUMNS}, d.document FROM patterns p JOIN documents d USING (seq)"
            " WHERE p.seq IN (SELECT value FROM json_each(?))",
            (json.dumps(list(seqs)),),
        )
        return [stored_document(row[:-1], row[-1]) for row in rows]

    def _add(self, added: Sequence[tuple[Record, Provenance]]) -> None:
        if not added:
            return
        execute = self._connection.executemany
        execute(
            _ADD_PATTERN,
            [
                (
                    stored.seq,
                    record.pattern_id,
                    record.pattern_type,
                    record.timestamp,
                    stored.at,
                    stored.revision,
                    record.received,
                    *astuple(record.filed),
                )
                for record, stored in added
            ],
        )
        execute(
            "INSERT INTO documents (seq, document) VALUES (?, ?)",
            [(stored.seq, record.document) for record, stored in added],
        )
        execute(
            "INSERT INTO tags (tag, timestamp, seq) VALUES (?, ?, ?)",
            [
                (tag, record.timestamp, stored.seq)
                for record, stored in added
                for tag in record.tags
            ],
        )
        execute(
            "INSERT INTO words (rowid, text) VALUES (?, ?)",
            [(stored.seq, record.text) for record, stored in added if record.text],
        )
        self._tally(1, (record for record, _ in added))

    def _remove(self, states: Sequence[StoredDocument]) -> None:
        removed = [(record_of_document(state), state.stored.seq) for state in states]
        execute = self._connection.executemany
        execute("DELETE FROM patterns WHERE seq = ?", [(seq,) for _, seq in removed])
        execute("DELETE FROM documents WHERE seq = ?", [(seq,) for _, seq in removed])
        execute(
            "DELETE FROM tags WHERE tag = ? AND timestamp = ? AND seq = ?",
            [(tag, record.timestamp, seq) for record, seq in removed for tag in record.tags],
        )
        texts = [(seq, record.text) for record, seq in removed if record.text]
        execute("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", texts)
        self._removed_words += len(texts)
        self._tally(-1, (record for record, _ in removed))

    def _tally(self, sign: int, records: Iterable[Record]) -> None:
        for record in records:
            key = (day_of(record.timestamp), record.filed.project_name, record.pattern_type)
            delta = self._days[key]
            delta[0] += sign
            delta[1] += sign * len(record.document)
