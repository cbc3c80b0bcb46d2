"""Taking up what files hold into the index: what is new, what was edited, what is a copy.

The files are the truth. Of two files of one pattern the later state counts; a loose file
beside an archive supersedes what the archive has.
"""

from pathlib import Path, PurePosixPath

from app.schemas.json_text import same_json
from app.schemas.records import Record, StoredDocument
from app.storage.base import Finding
from app.storage.filesystem import files
from app.storage.filesystem.finding import FoundFile
from app.storage.filesystem.layout import is_archive, path_of
from app.storage.filesystem.mirror import FileMirror
from app.storage.index.transaction import Transaction


class Adoption:
    """One transaction's worth of it.

    `trusted` says that the index saw all the store's own writes, so that whatever it does not
    know was put there by somebody. Otherwise it may be what the index has lost.
    """

    def __init__(
        self, root: Path, mirror: FileMirror, transaction: Transaction, *, trusted: bool
    ) -> None:
        self._root = root
        self._mirror = mirror
        self._transaction = transaction
        self._connection = transaction.connection
        self._trusted = trusted
        self.taken_up = 0

    def take_up(self, file: FoundFile, record: Record) -> list[Finding]:
        """Bring the index into line with one pattern of a file. What is odd about it."""
        current = self._transaction.state_of(record.pattern_id)
        if current is None:
            self._take_up_new(file, record)
            return []
        place, _ = files.place_of(self._connection, current.stored.seq)
        at_home = place is None or place == file.path or not (self._root / place).exists()
        same = record.document == current.document or same_json(record.content(), current.content())
        if same and record.preserved == current.stored:
            return self._confirm(file, current, place, at_home)
        if at_home and same and not _is_later(record, current):
            if not is_archive(file.path):
                self._mirror.remove_later(file.path, file.look)
            self._mirror.write_anew(self._connection, [current.stored.seq])  # as it was numbered
            return []
        if at_home:
            self._adopt(file, record, current)
            return []
        if _is_later(record, current):
            self._adopt(file, record, current)
            self._mirror.spare(str(place))
            return _unless_archived(str(place), f"an older twin of {file.path}, which counts")
        if same and record.preserved is None and not is_archive(file.path):
            self._mirror.remove_later(file.path, file.look)  # it was taken up before
            return []
        return _unless_archived(file.path, f"an older twin of {place}, which counts")

    def _take_up_new(self, file: FoundFile, record: Record) -> None:
        deleted_at = self._deleted_at(record)
        if deleted_at is None:
            self._adopt(file, record, None)
        elif is_archive(file.path):
            return  # the next packing drops it
        elif self._trusted or (self._root / file.path).stat().st_ctime_ns // 1000 > deleted_at:
            self._adopt(file, record, None)  # somebody has put it back
        else:
            self._mirror.remove_later(file.path, file.look)  # what the deletion left

    def _confirm(
        self, file: FoundFile, current: StoredDocument, place: str | None, at_home: bool
    ) -> list[Finding]:
        """A file that holds the very state that the index knows."""
        if at_home or (is_archive(str(place)) and not is_archive(file.path)):
            files.note(self._connection, current.stored.seq, file.path, file.look)
            return []
        return _unless_archived(file.path, f"a copy of {place}, which counts")

    def _adopt(self, file: FoundFile, record: Record, current: StoredDocument | None) -> None:
        """Take a state up where it is, or move it to where it belongs."""
        self.taken_up += 1
        stored = self._transaction.adopt(record, instead_of=current, late=self._trusted)
        home = path_of(record.pattern_id, record.pattern_type, record.timestamp)
        if stored == record.preserved and (is_archive(file.path) or _is_named(file.path, home)):
            self._mirror.held_by(self._connection, stored.seq, file.path, file.look)
            self._mirror.spare(file.path)
        elif not is_archive(file.path):
            self._mirror.remove_later(file.path, file.look)

    def _deleted_at(self, record: Record) -> int | None:
        """When the pattern was deleted, if that came after this state of it."""
        if record.preserved is None:
            return None
        row = self._connection.execute(
            "SELECT deleted_at FROM tombstones WHERE pattern_id = ? AND seq > ?"
            " ORDER BY seq DESC LIMIT 1",
            (record.pattern_id, record.preserved.seq),
        ).fetchone()
        return None if row is None else row[0]


def forget_missing(transaction: Transaction, mirror: FileMirror, file: FoundFile) -> None:
    """Delete patterns that the index believes in a file, and that it does not hold."""
    held = {record.pattern_id for record in file.records}
    believed = files.patterns_in(transaction.connection, file.path)
    missing = [seq for seq, pattern_id in believed.items() if pattern_id not in held]
    stays = not mirror.is_superfluous(file.path)
    if missing:
        transaction.delete(missing)
    if stays:  # others are in it
        mirror.spare(file.path)


def _unless_archived(path: str, problem: str) -> list[Finding]:
    """A finding about a file; that an archive holds outdated patterns is as it should be."""
    return [] if is_archive(path) else [Finding(path, problem)]


def _is_later(record: Record, current: StoredDocument) -> bool:
    return record.preserved is not None and record.preserved.is_later_than(current.stored)


def _is_named(path: str, home: str) -> bool:
    """Whether a file has its pattern's name, in whatever folder."""
    name = PurePosixPath(home).name
    return PurePosixPath(path).name in (name, f"{name}.gz")
