"""`store.json`: the store's id, and how far `seq` is reserved.

Numbers are reserved in blocks before they are used, so that none is given twice even where
the index that remembers the last one is lost.
"""

import json
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import DamagedStore, StoreNotOpened
from app.schemas.records import LARGEST_SEQ
from app.storage.filesystem.durable import write_files
from app.storage.filesystem.layout import STORE

BLOCK = 10_000
"""Numbers reserved at a time."""

_FORMAT = 1


@dataclass(slots=True)
class StoreFile:
    """What the file says. `closed` names the index that a clean end left, none while open."""

    root: Path
    store_id: str
    reserved_seq: int
    purged_seq: int
    closed: str | None

    def reserve(self, seq: int) -> None:
        """See to it that all numbers up to one are reserved."""
        if seq > self.reserved_seq:
            replace(self, reserved_seq=seq + BLOCK).write()
            self.reserved_seq = seq + BLOCK

    def note_purged(self, seq: int) -> None:
        """Deletions up to this one are forgotten."""
        if seq > self.purged_seq:
            replace(self, purged_seq=seq).write()
            self.purged_seq = seq

    def write(self) -> None:
        """Make the present state last."""
        content = {
            "format": _FORMAT,
            "store_id": self.store_id,
            "reserved_seq": self.reserved_seq,
            "purged_seq": self.purged_seq,
            "closed": self.closed,
        }
        write_files(self.root, {STORE: json.dumps(content, indent=2).encode() + b"\n"})


def read_store_file(root: Path) -> StoreFile:
    """The file of a store, made where there is none. Raises DamagedStore, StoreNotOpened."""
    path = root / STORE
    if not path.exists():
        created = StoreFile(root, str(uuid.uuid4()), 0, 0, None)
        created.write()
        return created
    try:
        content = json.loads(path.read_bytes())
        store_id, closed = content["store_id"], content["closed"]
        numbers = content["format"], content["reserved_seq"], content["purged_seq"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _damaged(path, repr(error)) from None
    if any(type(number) is not int or not 0 <= number <= LARGEST_SEQ for number in numbers):
        raise _damaged(path, f"no numbers: {numbers}")
    if numbers[0] != _FORMAT:
        raise StoreNotOpened(
            f"{path} has format {numbers[0]}, this program knows {_FORMAT}; "
            "upgrade Pattern Store, or restore the file from a backup if it is damaged."
        )
    return StoreFile(root, str(store_id), *numbers[1:], closed)


def _damaged(path: Path, why: str) -> DamagedStore:
    return DamagedStore(
        f"{path} is damaged ({why}). Restore it from a backup, or remove it and run "
        "pattern-store check --repair."
    )
