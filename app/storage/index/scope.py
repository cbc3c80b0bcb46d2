"""The projects that filters ask about, for what is not asked of patterns themselves."""

from app.schemas.filters import Filters


def projects_of(filters: Filters) -> tuple[str, ...] | None:
    """Their names, None for all; there may be none that a caller may see."""
    if filters.project_name is None:
        return filters.projects or None
    if filters.projects and filters.project_name not in filters.projects:
        return ()
    return (filters.project_name,)


def project_condition(column: str, filters: Filters) -> tuple[str, tuple[str | None, ...]]:
    """The condition that a column is one of them, and its parameters.

    Of none it is that it equals NULL, which nothing does. `IN ()` would have SQLite's planner
    leave out the other conditions too, and find no use for an index that it is told to use.
    """
    names = projects_of(filters)
    if names is None:
        return "true", ()
    return f"{column} IN ({', '.join('?' * max(len(names), 1))})", names or (None,)


def reach_condition(column: str, filters: Filters) -> tuple[str, tuple[str, ...]]:
    """The condition that a JSON array of projects, empty for all, has none but these."""
    names = projects_of(filters)
    if names is None:
        return "true", ()
    among = ", ".join("?" * len(names))
    return (
        f"({column} <> '[]' AND NOT EXISTS"
        f" (SELECT 1 FROM json_each({column}) WHERE value NOT IN ({among})))",
        names,
    )
