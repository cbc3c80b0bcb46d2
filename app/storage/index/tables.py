"""The tables as a transaction changes them: rows that belong together come and go together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from app.errors import DamagedStore
from app.schemas.records import Filed, Provenance, Record, StoredDocument, record_of_document
from app.schemas.timestamps import HOUR, day_of
from app.storage.base import Tombstone
from app.storage.index import ids
from app.storage.index.connections import Connection
from app.storage.index.rows import checksum_of, insert_rows
from app.storage.index.summaries import outdate

_PATTERNS = (
    "patterns (seq, pattern_id, pattern_type, timestamp, stored_at, revision,"
    " received, size, project_name, agent, task_type, environment, session_id, user_id, success,"
    " error_type, severity, duration_ms, checksum)"
)
_DAYS = "days (day, project_name, pattern_type, patterns, bytes)"
_ADDING_UP = (
    "ON CONFLICT DO UPDATE SET patterns = patterns + excluded.patterns,"
    " bytes = bytes + excluded.bytes"
)


class Tables:
    """What a transaction has added and buried so far; `finish` writes what it adds up to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.added: list[tuple[Record, Provenance]] = []
        self.buried: list[tuple[Tombstone, int]] = []
        """Tombstones, each with its time."""
        self._removed_words = 0
        self._days: defaultdict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0])
        self._hours: set[int] = set()

    def add(self, added: Sequence[tuple[Record, Provenance]]) -> None:
        """Keep new states."""
        if not added:
            return
        self.added += added
        insert_rows(
            self._connection,
            _PATTERNS,
            [
                (
                    stored.seq,
                    record.pattern_id,
                    record.pattern_type,
                    record.timestamp,
                    stored.at,
                    stored.revision,
                    record.received,
                    len(record.document),
                    *record.filed,
                    checksum_of(
                        record.pattern_id,
                        record.pattern_type,
                        record.timestamp,
                        *stored,
                        record.document,
                    ),
                )
                for record, stored in added
            ],
        )
        ids.add(self._connection, [(record.pattern_id, stored.seq) for record, stored in added])
        self._connection.documents.add((stored.seq, record.document) for record, stored in added)
        insert_rows(
            self._connection,
            "tags (tag, timestamp, seq)",
            [
                (tag, record.timestamp, stored.seq)
                for record, stored in added
                for tag in record.tags
            ],
        )
        insert_rows(
            self._connection,
            "words (rowid, text)",
            [(stored.seq, record.text) for record, stored in added if record.text],
        )
        self._tally(1, [(record, len(record.document)) for record, _ in added])

    def bury(self, tombstones: Sequence[tuple[Tombstone, int]]) -> None:
        """Keep tombstones, each with its time."""
        insert_rows(
            self._connection,
            "tombstones (seq, pattern_id, deleted_at)",
            [(tombstone.seq, tombstone.pattern_id, at) for tombstone, at in tombstones],
        )
        self.buried += tombstones

    def remove(self, states: Sequence[StoredDocument]) -> None:
        """Forget states. Raises DamagedStore, before all else, where too little of one is left."""
        known = [self._record_of(state) for state in states]
        seqs = [state.seq for state in states]
        removed = [(seq, record) for seq, (record, _) in zip(seqs, known, strict=True)]
        gone = set(seqs)
        self.added = [entry for entry in self.added if entry[1].seq not in gone]
        execute = self._connection.executemany
        self._connection.documents.remove(seqs)
        execute("DELETE FROM patterns WHERE seq = ?", [(seq,) for seq in seqs])
        ids.remove(self._connection, [state.pattern_id for state in states])
        execute(
            "DELETE FROM tags WHERE tag = ? AND timestamp = ? AND seq = ?",
            [(tag, record.timestamp, seq) for seq, record in removed for tag in record.tags],
        )
        texts = [(seq, record.text) for seq, record in removed if record.text]
        execute("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", texts)
        self._removed_words += len(texts)
        self._tally(-1, known)

    def finish(self) -> None:
        """Write what the changes add up to."""
        if self._removed_words:
            self._connection.execute(
                "UPDATE meta SET value = value + ? WHERE name = 'removed_words'",
                (self._removed_words,),
            )
        if self._days:
            sums = [(*key, *delta) for key, delta in self._days.items()]
            insert_rows(self._connection, _DAYS, sums, _ADDING_UP)
            outdate(self._connection, self._hours)
            if fewer := [key for key, (patterns, _) in self._days.items() if patterns < 0]:
                self._connection.executemany(
                    "DELETE FROM days WHERE day = ? AND project_name = ? AND pattern_type = ?"
                    " AND patterns = 0",
                    fewer,
                )

    def _record_of(self, state: StoredDocument) -> tuple[Record, int]:
        """The record of a state, and its size; without a document, as the other tables tell it."""
        if state.json:
            return record_of_document(state), len(state.document)
        size, project_name, agent = self._connection.execute(
            "SELECT size, project_name, agent FROM patterns WHERE seq = ?", (state.seq,)
        ).fetchone()
        if not all(type(number) is int for number in (size, state.timestamp)):
            raise DamagedStore(f"The pattern {state.pattern_id!r} is too damaged to be deleted.")
        tags = self._connection.execute("SELECT tag FROM tags WHERE seq = ?", (state.seq,))
        record = Record(
            *state[:3],
            at=state.stored.at,
            document=b"",
            received=b"",
            filed=Filed(project_name, agent, *[None] * 8),
            tags=tuple(tag for (tag,) in tags),
            text="",
        )
        return record, size

    def _tally(self, sign: int, records: Iterable[tuple[Record, int]]) -> None:
        for record, size in records:
            key = (day_of(record.timestamp), record.filed.project_name, record.pattern_type)
            delta = self._days[key]
            delta[0] += sign
            delta[1] += sign * size
            if record.filed.agent is not None:
                self._hours.add(record.timestamp // HOUR)
