"""Keeping each change in a second place, durably, before the database commits it."""

from collections.abc import Sequence

from app.schemas.records import Provenance, Record, StoredDocument
from app.storage.base import Tombstone
from app.storage.index.connections import Connection
from app.storage.learned import Decision


class Mirror:
    """Hears of every change. This one keeps nothing: the database is the truth itself.

    Its methods run in the writer's thread. An OSError from `keep` undoes the transaction.
    """

    last_seq = 0
    """The highest `seq` that was ever handed to `keep`, even if its commit failed."""

    def keep(
        self,
        connection: Connection,
        added: Sequence[tuple[Record, Provenance]],
        buried: Sequence[tuple[Tombstone, int]],
        last_seq: int,
    ) -> None:
        """Make new states and tombstones (with their time) durable, before the commit.

        Also the last number given, after which the next one follows.
        """

    def keep_decisions(self, decisions: Sequence[Decision]) -> None:
        """Make decisions durable, before the commit."""

    def let_go(self, connection: Connection, deleted: Sequence[StoredDocument]) -> None:
        """Hear of deleted states, and of replaced ones, whose copies the commit will outdate."""

    def committed(self) -> None:
        """The commit is done; what was let go may now be dropped. Never raises."""

    def undone(self, connection: Connection) -> None:
        """The transaction was rolled back; what was kept of it goes again. Never raises."""
