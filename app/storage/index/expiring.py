"""What retention lets go, each a function of a connection inside one read transaction."""

from collections.abc import Collection, Sequence

from app.schemas.fields import PatternType
from app.schemas.timestamps import DAY
from app.storage.base import Expiry, Tally
from app.storage.index.connections import Connection
from app.storage.index.reading import tallies
from app.storage.index.retaining import NEVER_EXPIRES, exemplars
from app.storage.index.selection import Statement, any_of

_DAY = f"(timestamp - (timestamp % {DAY} + {DAY}) % {DAY}) / {DAY}"
"""As `day_of` has it, also before 1970: SQLite rounds towards zero."""


def expired(
    connection: Connection, expiry: Expiry, projects: Sequence[str]
) -> tuple[list[Tally], list[int]]:
    """See `Storage.expired`."""
    found = [
        seq
        for statement in _expired(expiry, projects)
        for (seq,) in connection.execute(f"SELECT seq FROM ({statement.sql})", statement.parameters)
    ]
    return tally_expired(connection, expiry, projects), sorted(found)


def tally_expired(connection: Connection, expiry: Expiry, projects: Sequence[str]) -> list[Tally]:
    """See `Storage.tally_expired`."""
    found = [
        row
        for sql, parameters in _expired(expiry, projects)
        for row in connection.execute(
            f"SELECT {_DAY}, pattern_type, count(*), sum(size) FROM ({sql}) GROUP BY 1, 2",
            parameters,
        )
    ]
    return [Tally(*row) for row in sorted(found)]


def _expired(expiry: Expiry, projects: Sequence[str]) -> list[Statement]:
    """(seq, timestamp, pattern_type, size) of what has expired, of each type by itself.

    The second part has what lay ahead when it came in.
    """
    columns = "SELECT p.seq, p.timestamp, p.pattern_type, p.size FROM patterns p INDEXED BY"
    among = f" AND {any_of('p.project_name', projects)}" if projects else ""
    statements = []
    for pattern_type, cutoff in expiry.cutoffs.items():
        spared = f" AND NOT {NEVER_EXPIRES}" if pattern_type == PatternType.ERROR_OCCURRENCE else ""
        statements.append(
            Statement(
                f"{columns} patterns_by_type"
                " WHERE p.pattern_type = ? AND p.timestamp < ? AND p.stored_at < ?"
                f"{among}{spared}"
                f" UNION ALL {columns} patterns_ahead"
                f" WHERE p.timestamp > p.stored_at + {DAY} AND p.stored_at < ?"
                " AND p.pattern_type = ? AND p.timestamp >= ?"
                f"{among}{spared}",
                (
                    pattern_type,
                    cutoff,
                    expiry.received_before,
                    *projects,
                    min(cutoff, expiry.received_before),
                    pattern_type,
                    cutoff,
                    *projects,
                ),
            )
        )
    return statements


def oldest(
    connection: Connection,
    patterns: int,
    size: int,
    received_before: int,
    besides: Collection[int],
) -> tuple[list[Tally], list[int]]:
    """See `Storage.oldest`."""
    found: list[tuple[int, int, str, int]] = []
    kept = exemplars(connection).union(besides)
    for *row, _ in connection.execute(
        "SELECT seq, timestamp, pattern_type, size, timestamp AS age"
        " FROM patterns INDEXED BY patterns_by_time"
        f" WHERE stored_at < ?1 AND timestamp <= stored_at + {DAY}"
        " UNION ALL SELECT seq, timestamp, pattern_type, size, stored_at AS age"
        " FROM patterns INDEXED BY patterns_ahead"
        f" WHERE stored_at < ?1 AND timestamp > stored_at + {DAY} ORDER BY age",
        (received_before,),
    ):
        if len(found) >= patterns and size <= 0:
            break
        seq, timestamp, pattern_type, bytes_ = row
        if seq not in kept:
            found.append((seq, timestamp, pattern_type, bytes_))
            size -= bytes_
    return tallies(row[1:] for row in found), [row[0] for row in found]
