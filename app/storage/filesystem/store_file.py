"""`store.json`: the store's id, and how far `seq` is reserved.

Numbers are reserved in blocks before they are used, so that none is given twice even where
the index that remembers the last one is lost.
"""

import json
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import StoreNotOpened
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
    """The file of a store, made where there is none. Raises StoreNotOpened if it is damaged."""
    path = root / STORE
    if not path.exists():
        created = StoreFile(root, str(uuid.uuid4()), 0, 0, None)
        created.write()
        return created
    try:
        content = json.loads(path.read_bytes())
        found = StoreFile(
            root,
            str(content["store_id"]),
            int(content["reserved_seq"]),
            int(content["purged_seq"]),
            content["closed"],
        )
    except (ValueError, LookupError, TypeError) as error:
        raise StoreNotOpened(
            f"{path} is damaged ({error!r}). Restore it from a backup, or remove it and run "
            "pattern-store check --repair."
        ) from None
    if content["format"] != _FORMAT:
        raise StoreNotOpened(
            f"{path} has format {content['format']}, this program knows {_FORMAT}; "
            "upgrade Pattern Store."
        )
    return found
