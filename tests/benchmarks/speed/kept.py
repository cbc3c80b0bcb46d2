"""Stores that are built once and kept, until what they are built from changes."""

import asyncio
import hashlib
import inspect
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from app.learning.corrections import hunks
from app.service.correction_learner import CorrectionLearner
from app.service.feed import Feed
from app.service.known_errors import ANALYSIS_VERSION, analysis
from app.service.learner import Learner
from app.storage.index import schema
from tests import generated
from tests.benchmarks import stores

IDS = "ids"
"""The file with the ids of all patterns in a store."""

_LEARNING_SECONDS = 3600.0


class KeptStores:
    """The stores in a folder, by what they are and how many patterns they hold."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.folder = folder.resolve()
        self._tell = tell
        self.folder.mkdir(parents=True, exist_ok=True)

    def of_service(self, backend: str, patterns: int) -> Path:
        """The folder with the store of a backend."""

        def build(folder: Path) -> None:
            asyncio.run(_fill(folder, backend, patterns))

        versions = f"{ANALYSIS_VERSION} {hunks.VERSION}"
        recipe = f"{inspect.getsource(_fill)}{''.join(schema.MIGRATIONS)}{versions}"
        return self.kept(f"{backend}-{patterns}", recipe, build)

    def kept(self, name: str, recipe: str, build: Callable[[Path], None]) -> Path:
        """A folder built by a recipe; one of that name by another recipe is removed."""
        mark = hashlib.sha256((inspect.getsource(generated) + recipe).encode()).hexdigest()[:12]
        path = self.folder / f"{name}-{mark}"
        if path.exists():
            return path
        for old in self.folder.glob(f"{name}-*"):
            shutil.rmtree(old)
        self._tell(f"building {name}, once")
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="building-") as unfinished:
            target = Path(unfinished) / "store"
            target.mkdir()
            build(target)
            target.rename(path)
        return path


def copied(store: Path, target: Path) -> Path:
    """A copy of a store, to be written to; where the file system can, one that takes no room."""
    subprocess.run(["cp", "-a", "--reflink=auto", store, target], check=True)
    os.sync()  # what the system has still to write would slow down what is measured next
    return target


async def _fill(folder: Path, backend: str, patterns: int) -> None:
    async with stores.opened(folder, backend) as storage:
        with (folder / IDS).open("w") as ids:
            await stores.fill([storage], noted(generated.generated(patterns), ids))
        # Else the server would do this beside what is measured.
        async for _ in storage.summarise(generated.END):
            pass
        learner = Learner(storage, analysis=analysis, version=ANALYSIS_VERSION)
        feed = Feed(storage, [learner, CorrectionLearner(storage)])
        feed.start()
        await feed.caught_up(_LEARNING_SECONDS)
        await feed.stop()


def noted(patterns: Iterable[dict[str, Any]], ids: TextIO) -> Iterator[dict[str, Any]]:
    """The same patterns, their ids written to a file as they go by."""
    for pattern in patterns:
        ids.write(f"{pattern['pattern_id']}\n")
        yield pattern
