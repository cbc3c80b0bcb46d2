"""Whether the database answers: also when its file has been damaged or removed meanwhile."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import StorageUnavailable
from app.storage.sqlite import SQLiteStorage
from tests.records import record


def overwrite(path: Path) -> None:
    path.write_bytes(b"no longer a database" * 1000)


@pytest.mark.parametrize("lose", [overwrite, Path.unlink])
async def test_a_database_that_is_lost_answers_no_ping_though_it_did_before(
    storage: SQLiteStorage, path: Path, lose: Callable[[Path], None]
) -> None:
    await storage.insert(record("a"))
    await storage.reclaim()  # and so all is in the file
    await storage.ping()
    lose(path)
    with pytest.raises(StorageUnavailable):
        await storage.ping()
