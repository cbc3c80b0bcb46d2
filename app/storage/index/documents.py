"""The documents of the database: recent ones as they are, old ones compressed.

Small JSON texts compress well only together with others like them, so each cold document is
a Zstandard frame of its own over a dictionary trained on the store's documents (RFC 8878,
section 5). Dictionaries are kept by number; a frame is always read with the one it was
written with.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import zstandard

from app.storage.index.rows import Unreadable, insert_rows

_LEVEL = 9
_READ = (
    "SELECT document, NULL FROM documents WHERE seq = ?1"
    " UNION ALL SELECT document, dictionary FROM cold_documents WHERE seq = ?1"
)
_READ_EACH = (
    "SELECT coalesce(d.document, c.document), c.dictionary FROM json_each(?) s"
    " LEFT JOIN documents d ON d.seq = s.value"
    " LEFT JOIN cold_documents c ON d.seq IS NULL AND c.seq = s.value"
)

DICTIONARY_BYTES = 96 * 1024
"""The size of a dictionary; the best of those tried between 16 and 110 KiB on real errors."""


_DECOMPRESSORS = 16
"""How many a connection keeps, those last used: with its dictionary each takes some 200 KiB."""


class Documents:
    """The documents as one connection sees them, with the dictionaries it has read last."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._decompressor = lru_cache(_DECOMPRESSORS)(self._new_decompressor)

    def read(self, seq: int) -> bytes | Unreadable:
        """The document of the state that a `seq` names."""
        row = self._connection.execute(_READ, (seq,)).fetchone()
        return self._text(*(row or (None, None)))

    def of(self, seqs: Sequence[int]) -> Iterator[bytes | Unreadable]:
        """The documents of some states in their order, read when they are asked for."""
        for row in self._connection.execute(_READ_EACH, (json.dumps(seqs),)):
            yield self._text(*row)

    def hot(self, seqs: Sequence[int]) -> list[bytes]:
        """Those documents of some states that are not compressed."""
        return [document for _, document in self._hot(seqs)]

    def add(self, documents: Iterable[tuple[int, bytes]]) -> None:
        """Keep the documents of new states."""
        insert_rows(self._connection, "documents (seq, document)", documents)

    def remove(self, seqs: Sequence[int]) -> None:
        """Forget documents, hot or cold, of states whose rows are there still."""
        (saved,) = self._connection.execute(
            "SELECT total(p.size - length(c.document)) FROM cold_documents c"
            " JOIN patterns p USING (seq) WHERE c.seq IN (SELECT value FROM json_each(?))",
            (json.dumps(seqs),),
        ).fetchone()
        self._count_saved(-int(saved))
        keys = [(seq,) for seq in seqs]
        self._connection.executemany("DELETE FROM documents WHERE seq = ?", keys)
        self._connection.executemany("DELETE FROM cold_documents WHERE seq = ?", keys)

    def make_cold(self, seqs: Sequence[int], dictionary: int) -> None:
        """Compress documents that are hot still; others are passed over."""
        compressor = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=self._dictionary(dictionary), write_dict_id=False
        )
        hot = self._hot(seqs)
        cold = [(seq, dictionary, compressor.compress(text)) for seq, text in hot]
        self._connection.executemany(
            "INSERT INTO cold_documents (seq, dictionary, document) VALUES (?, ?, ?)", cold
        )
        before, after = (sum(len(entry[-1]) for entry in entries) for entries in (hot, cold))
        self._count_saved(before - after)
        self._connection.executemany(
            "DELETE FROM documents WHERE seq = ?", [(seq,) for seq, _ in hot]
        )

    def _hot(self, seqs: Sequence[int]) -> list[tuple[int, bytes]]:
        return self._connection.execute(
            "SELECT seq, document FROM documents"
            " WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq",
            (json.dumps(list(seqs)),),
        ).fetchall()

    def _count_saved(self, size: int) -> None:
        if size:
            self._connection.execute(
                "UPDATE meta SET value = value + ? WHERE name = 'saved_bytes'", (size,)
            )

    def add_dictionary(self, content: bytes) -> int:
        """Keep a new dictionary; its number."""
        cursor = self._connection.execute(
            "INSERT INTO dictionaries (content) VALUES (?)", (content,)
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _text(self, document: object, dictionary: int | None) -> bytes | Unreadable:
        if not isinstance(document, bytes):  # a damaged row can hold anything
            return Unreadable("it has no document")
        if dictionary is None:
            return document
        try:
            return self._decompressor(dictionary).decompress(document)
        except (zstandard.ZstdError, LookupError, MemoryError, TypeError, ValueError) as error:
            return Unreadable(f"it cannot be decompressed ({error})")

    def _new_decompressor(self, dictionary: int) -> zstandard.ZstdDecompressor:
        return zstandard.ZstdDecompressor(dict_data=self._dictionary(dictionary))

    def _dictionary(self, number: int) -> zstandard.ZstdCompressionDict:
        """The dictionary of a number. Raises LookupError."""
        row = self._connection.execute(
            "SELECT content FROM dictionaries WHERE number = ?", (number,)
        ).fetchone()
        if row is None:
            raise LookupError(f"there is no dictionary {number}")
        return zstandard.ZstdCompressionDict(row[0])
