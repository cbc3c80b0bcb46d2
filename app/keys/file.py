"""The file that keeps the keys: JSON, for its owner's eyes, replaced whole at each change."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from app.errors import DamagedKeys, NoSuchKey
from app.keys.key import Key
from app.storage.folder import make_folder, put_in_place


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)

    version: Literal[1] = 1
    keys: tuple[Key, ...]


class KeysFile:
    """The keys of one service, in the order they were made; those revoked stay listed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[Key, ...] | None:
        """All keys; None where there is no file. Raises DamagedKeys."""
        try:
            return _Content.model_validate_json(self.path.read_bytes()).keys
        except FileNotFoundError:
            return None
        except ValidationError as error:
            what, where = error.errors()[0]["msg"], error.errors()[0]["loc"]
            why = f"{'.'.join(map(str, where)) or 'the file'}: {what}"
        except OSError as error:
            why = error.strerror or str(error)
        raise DamagedKeys(
            f"The keys file {self.path.absolute()} cannot be read ({why}). Nobody is let in until "
            "it can: restore it, correct its owner and permissions, or remove it and create all "
            "keys anew."
        )

    def add(self, key: Key) -> None:
        """Keep a new key, durably. Raises DamagedKeys."""
        make_folder(self.path.parent)
        with self._locked():
            self._write((*(self.read() or ()), key))

    def revoke(self, key_id: str, now: int) -> Key:
        """Revoke the key of an id, durably; one that is revoked stays so.

        Raises NoSuchKey and DamagedKeys.
        """
        known = {key.id: key for key in self.read() or ()}
        if key_id not in known:
            raise NoSuchKey(f"No key has the id {key_id!r}; `pattern-store keys list` has them.")
        with self._locked():
            known = {key.id: key for key in self.read() or ()}
            if known[key_id].revoked_at is None:
                known[key_id] = known[key_id].model_copy(update={"revoked_at": now})
                self._write(tuple(known.values()))
        return known[key_id]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other commands from changing the file meanwhile, by a lock on its folder."""
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, keys: tuple[Key, ...]) -> None:
        part = self.path.with_name(f"{self.path.name}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(_Content(keys=keys).model_dump_json(indent=2).encode() + b"\n")
        put_in_place(part, self.path)
