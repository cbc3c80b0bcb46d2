"""The file of keys: a power failure neither loses a key nor opens the service again."""

import os
from pathlib import Path
from unittest import mock

from app.keys.file import KeysFile
from app.keys.key import Scope, new_key


def test_a_new_file_is_synced_with_every_folder_it_is_named_in(tmp_path: Path) -> None:
    fsync, synced = os.fsync, []

    def noted(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    place = tmp_path / "new" / "folder" / "keys.json"
    key, _ = new_key("ci", Scope.READ, now=0)
    with mock.patch.object(os, "fsync", noted):
        KeysFile(place).add(key)
    for path in (place, place.parent, place.parent.parent, tmp_path):
        assert path.stat().st_ino in synced, path
