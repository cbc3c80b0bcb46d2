"""Whether the database can be used."""

from app.errors import StorageUnavailable


class Readiness:
    """Whether the database can be used, or why it cannot yet; whether a read has found damage."""

    def __init__(self) -> None:
        self.objection: str | None = None
        self.damaged = False

    def check(self) -> None:
        """Raise StorageUnavailable while there is an objection."""
        if self.objection is not None:
            raise StorageUnavailable(self.objection)
