"""Some projects of a store: which they are, and what is of them."""

from dataclasses import dataclass, replace
from typing import Any

from app.errors import FieldError, ForbiddenProject, InvalidPattern
from app.schemas.filters import Filters
from app.schemas.records import StoredDocument
from app.storage.learned import Proposal


@dataclass(frozen=True, slots=True)
class Projects:
    """The names of the projects that a caller may see and write, at least one."""

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        assert self.names, "no name would restrict nothing"

    def claim(self, pattern: dict[str, Any]) -> dict[str, Any]:
        """A checked pattern that is of one of the projects; of a single one it need not say so.

        Raises ForbiddenProject, and InvalidPattern where it could be of several.
        """
        context = pattern.get("context", {})
        if "project_name" in context:
            if context["project_name"] in self.names:
                return pattern
            raise ForbiddenProject(f"The key is for {self}, and writes nowhere else.")
        if len(self.names) > 1:
            detail = f"Required, since the key is for several projects: {self}."
            raise InvalidPattern(
                [FieldError("pointer", "/context/project_name", "required", detail)]
            )
        return pattern | {"context": context | {"project_name": self.names[0]}}

    def restrict(self, filters: Filters) -> Filters:
        """The same filters, for these projects alone."""
        if filters.project_name in self.names:
            return filters
        if filters.project_name is None and len(self.names) == 1:
            return replace(filters, project_name=self.names[0])
        return replace(filters, projects=self.names)

    def bind(self, proposal: Proposal) -> Proposal:
        """The same decision, reaching no other projects; its key is not one of theirs."""
        reached = tuple(name for name in proposal.projects if name in self.names) or self.names
        key = None if proposal.key is None else f"{proposal.key} of {self}"
        return replace(proposal, projects=reached, key=key)

    def hold(self, stored: StoredDocument) -> bool:
        """Whether a pattern is of one of them."""
        return stored.content()["context"].get("project_name") in self.names

    def __str__(self) -> str:
        return ", ".join(map(repr, self.names))
