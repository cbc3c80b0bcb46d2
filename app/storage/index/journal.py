"""The journal of decisions, and keeping what follows from it in line with it."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from app.schemas.filters import Filters
from app.storage.index.connections import Connection
from app.storage.index.grouping import Grouping, counting, undoings
from app.storage.index.rows import insert_rows
from app.storage.index.scope import reach_condition
from app.storage.learned import Decision, Decisions, Proposal

_COLUMNS = "number, at, after_seq, kind, content, projects, key"
_GROUPING = (Decisions.MERGE, Decisions.SPLIT, Decisions.INHERIT)


def read(
    connection: Connection,
    filters: Filters,
    after: int,
    limit: int,
    kinds: Collection[str],
    newest_first: bool,
) -> list[Decision]:
    """See `LearnedStorage.decisions`."""
    reaching, projects = reach_condition("projects", filters)
    among = f"kind IN ({', '.join('?' * len(kinds))})" if kinds else "true"
    sign, direction = ("<", "DESC") if newest_first else (">", "ASC")
    condition = f"{reaching} AND {among} AND number {sign} ? ORDER BY number {direction} LIMIT ?"
    return _read(connection, condition, *projects, *kinds, after, limit)


def undone(connection: Connection) -> dict[int, int]:
    """See `LearnedStorage.undone`."""
    return undoings(_read(connection, "kind = ? ORDER BY number", Decisions.UNDO))


def read_one(connection: Connection, number: int, filters: Filters) -> Decision | None:
    """See `LearnedStorage.decision`."""
    reaching, projects = reach_condition("projects", filters)
    found = _read(connection, f"{reaching} AND number = ?", *projects, number)
    return found[0] if found else None


def everything(connection: Connection) -> list[Decision]:
    """The whole journal."""
    return _read(connection, "true ORDER BY number")


def grouping(connection: Connection) -> Grouping:
    """What the decisions that count come to."""
    kinds = ", ".join(f"'{kind}'" for kind in (*_GROUPING, Decisions.UNDO))
    return Grouping(counting(_read(connection, f"kind IN ({kinds}) ORDER BY number")))


def made_under(connection: Connection, key: str | None) -> Decision | None:
    """The decision that was made under a key."""
    found = [] if key is None else _read(connection, "key = ?", key)
    return found[0] if found else None


def append(connection: Connection, proposal: Proposal, at: int, after_seq: int) -> Decision:
    """Make a decision, with all that follows from it."""
    (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM decisions").fetchone()
    decision = Decision(
        last + 1, at, after_seq, proposal.kind, proposal.content, proposal.projects, proposal.key
    )
    _write(connection, [decision])
    _follow(connection, [decision])
    return decision


def restore(connection: Connection, decisions: Sequence[Decision]) -> list[Decision]:
    """See `LearnedStorage.restore_decisions`; those that were not there."""
    known = {
        number
        for (number,) in connection.execute(
            "SELECT number FROM decisions WHERE number IN (SELECT value FROM json_each(?))",
            (json.dumps([decision.number for decision in decisions]),),
        )
    }
    fresh = [decision for decision in decisions if decision.number not in known]
    _write(connection, fresh)
    _follow(connection, fresh)
    return fresh


def replace(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Have these be all there are."""
    connection.execute("DELETE FROM decisions")
    _write(connection, decisions)
    _recompute(connection)


def expected_outcomes(connection: Connection) -> list[tuple[Any, ...]]:
    """The rows of `outcomes` as they must be."""
    return _outcomes(counting(everything(connection)), grouping(connection))


def _follow(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Bring what follows from the journal into line with its latest decisions."""
    if all(decision.kind == Decisions.OUTCOME for decision in decisions):
        if decisions:
            _add_outcomes(connection, _outcomes(decisions, grouping(connection)))
    else:
        _recompute(connection)


def _recompute(connection: Connection) -> None:
    groups = grouping(connection)
    connection.executemany(
        "UPDATE variants SET group_id = ? WHERE number = ?",
        [
            (group_id, number)
            for number, project_name, variant, fingerprint, former in connection.execute(
                "SELECT number, project_name, variant, fingerprint, group_id FROM variants"
            ).fetchall()
            if (group_id := groups.group_of(project_name, variant, fingerprint)) != former
        ],
    )
    connection.execute("DELETE FROM outcomes")
    _add_outcomes(connection, _outcomes(counting(everything(connection)), groups))


def _outcomes(decisions: Iterable[Decision], groups: Grouping) -> list[tuple[Any, ...]]:
    return [
        (
            decision.number,
            decision.at,
            decision.after_seq,
            groups.current(decision.content["group_id"], decision.projects),
            decision.content["resolution"],
            int(decision.content["worked"]),
            json.dumps(decision.projects),
        )
        for decision in decisions
        if decision.kind == Decisions.OUTCOME
    ]


def _add_outcomes(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    into = "outcomes (decision, at, after_seq, group_id, resolution, worked, projects)"
    insert_rows(connection, into, rows)


def _write(connection: Connection, decisions: Sequence[Decision]) -> None:
    insert_rows(
        connection,
        f"decisions ({_COLUMNS})",
        [
            (
                decision.number,
                decision.at,
                decision.after_seq,
                decision.kind,
                json.dumps(decision.content),
                json.dumps(decision.projects),
                decision.key,
            )
            for decision in decisions
        ],
    )


def _read(connection: Connection, condition: str, *parameters: str | int) -> list[Decision]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM decisions WHERE {condition}", parameters)
    return [
        Decision(number, at, seq, kind, json.loads(content), tuple(json.loads(projects)), key)
        for number, at, seq, kind, content, projects, key in rows
    ]
