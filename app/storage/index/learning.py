"""What was learned of errors: kept as long as the pattern is in the state it was learned of."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from app.schemas.filters import Filters
from app.storage.index import journal
from app.storage.index.connections import Connection
from app.storage.index.failures import damage
from app.storage.index.meta import numbers_of
from app.storage.index.rows import insert_rows
from app.storage.index.scope import project_condition
from app.storage.learned import LearnedError, Learning, Origin, Variant, VariantName

VARIANT_COLUMNS = (
    "v.number, v.project_name, v.variant, v.fingerprint, v.version, v.group_id, v.title,"
    " v.parts, v.features"
)


_REPLACING = (
    "ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint, version = excluded.version,"
    " group_id = excluded.group_id, title = excluded.title, parts = excluded.parts,"
    " features = excluded.features"
)


def learning(connection: Connection) -> Learning | None:
    """See `LearnedStorage.learning`. Raises sqlite3.DatabaseError as `numbers_of` does."""
    meta = numbers_of(connection)
    through, version = meta.get("learned_through"), meta.get("learned_version")
    if through is None and version is None:
        return None
    if through is None or version is None:
        raise damage("it does not say how far it was learned, or by what")
    return Learning(through, version)


def learn(
    connection: Connection, errors: Sequence[LearnedError], progress: Learning
) -> list[VariantName]:
    """See `LearnedStorage.learn`."""
    _keep(connection, errors)
    connection.executemany(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        [("learned_through", progress.through), ("learned_version", progress.version)],
    )
    return _clear_vacated(connection)


def carry_over(connection: Connection, seq: int, new_seq: int, project_name: str) -> None:
    """Have what was learned of a state stand for the next, of a project, until that is learned.

    So that an error that is changed does not leave its group for the moment that takes.
    """
    connection.execute(
        "UPDATE learned SET seq = ? WHERE seq = ?"
        " AND variant IN (SELECT number FROM variants WHERE project_name = ?)",
        (new_seq, seq, project_name),
    )


def variants(connection: Connection, after: int, limit: int) -> list[Variant]:
    """See `LearnedStorage.variants`."""
    return _variants(connection, "v.number > ? ORDER BY v.number LIMIT ?", [after, limit])


def find_variants(
    connection: Connection, names: Collection[VariantName], filters: Filters
) -> list[Variant]:
    """See `LearnedStorage.find_variants`."""
    condition, parameters = project_condition("v.project_name", filters)
    return _variants(
        connection,
        "(v.project_name, v.variant) IN"
        " (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
        f" AND EXISTS (SELECT 1 FROM learned WHERE variant = v.number) AND {condition}",
        [json.dumps([*names]), *parameters],
    )


def origins(connection: Connection, seqs: Collection[int]) -> dict[int, Origin]:
    """See `LearnedStorage.origins`."""
    groups = journal.grouping(connection)
    rows = connection.execute(
        "SELECT l.seq, v.project_name, v.variant, v.fingerprint FROM json_each(?) s"
        " CROSS JOIN learned l ON l.seq = s.value CROSS JOIN variants v ON v.number = l.variant",
        (json.dumps([*seqs]),),
    )
    return {seq: groups.origin(*names) for seq, *names in rows}


def group_variants(connection: Connection, group_id: str, filters: Filters) -> list[Variant]:
    """See `LearnedStorage.group_variants`."""
    condition, parameters = project_condition("v.project_name", filters)
    return _variants(
        connection,
        f"v.group_id = ? AND EXISTS (SELECT 1 FROM learned WHERE variant = v.number)"
        f" AND {condition} ORDER BY v.number",
        [group_id, *parameters],
    )


def _variants(connection: Connection, condition: str, parameters: Sequence[Any]) -> list[Variant]:
    rows = connection.execute(
        f"SELECT {VARIANT_COLUMNS} FROM variants v WHERE {condition}", parameters
    )
    return [
        Variant(number, VariantName(project_name, variant), *rest)
        for number, project_name, variant, *rest in rows
    ]


def _keep(connection: Connection, errors: Sequence[LearnedError]) -> None:
    rows = connection.execute(
        "SELECT seq, project_name, timestamp FROM patterns"
        " WHERE seq IN (SELECT value FROM json_each(?))",
        (json.dumps([error.seq for error in errors]),),
    )
    there = {seq: (project_name, timestamp) for seq, project_name, timestamp in rows}
    present = [
        (VariantName(there[error.seq][0], error.variant), there[error.seq][1], error)
        for error in errors
        if error.seq in there
    ]
    numbers = _numbers(connection, {name: error for name, _, error in present})
    seqs = json.dumps([*there])
    connection.execute(
        "INSERT OR IGNORE INTO vacated"
        " SELECT variant FROM learned WHERE seq IN (SELECT value FROM json_each(?))",
        (seqs,),
    )
    connection.execute("DELETE FROM learned WHERE seq IN (SELECT value FROM json_each(?))", (seqs,))
    insert_rows(
        connection,
        "learned (seq, variant, timestamp, solved, resolution, auto_resolved)",
        [
            (
                error.seq,
                numbers[name],
                timestamp,
                int(error.is_solved),
                error.resolution,
                int(error.auto_resolved),
            )
            for name, timestamp, error in present
        ],
    )


def _numbers(
    connection: Connection, errors: dict[VariantName, LearnedError]
) -> dict[VariantName, int]:
    """The number of each variant; those that are new, or of another version, are written."""
    known = _known(connection, errors)
    fresh = [name for name, error in errors.items() if known.get(name, (0, 0))[1] != error.version]
    if fresh:
        groups = journal.grouping(connection)
        insert_rows(
            connection,
            "variants"
            " (project_name, variant, fingerprint, version, group_id, title, parts, features)",
            [
                (
                    *name,
                    error.fingerprint,
                    error.version,
                    groups.group_of(*name, error.fingerprint),
                    error.title,
                    error.parts,
                    error.features,
                )
                for name in fresh
                for error in (errors[name],)
            ],
            _REPLACING,
        )
        known |= _known(connection, fresh)
    return {name: number for name, (number, _) in known.items()}


def _known(
    connection: Connection, names: Collection[VariantName]
) -> dict[VariantName, tuple[int, int]]:
    """Number and version of those variants that are there."""
    rows = connection.execute(
        "SELECT v.project_name, v.variant, v.number, v.version"
        " FROM json_each(?) n CROSS JOIN variants v"
        " ON v.variant = n.value ->> 1 AND v.project_name = n.value ->> 0",
        (json.dumps([*names]),),
    )
    return {VariantName(project, variant): known for project, variant, *known in rows}


def _clear_vacated(connection: Connection) -> list[VariantName]:
    """Remove the variants that no longer occur."""
    if connection.execute("SELECT 1 FROM vacated LIMIT 1").fetchone() is None:
        return []
    gone = connection.execute(
        "DELETE FROM variants WHERE number IN (SELECT variant FROM vacated)"
        " AND NOT EXISTS (SELECT 1 FROM learned WHERE learned.variant = variants.number)"
        " RETURNING project_name, variant"
    ).fetchall()
    connection.execute("DELETE FROM vacated")
    return [VariantName(*name) for name in gone]
