"""The disk alone: what one durable write costs, however little it holds."""

import os
import time
from pathlib import Path

_BLOCK = 4096
_BLOCKS = 4096
"""16 MiB, written before and then over and over, as SQLite's log is: no file grows meanwhile."""


def syncs(folder: Path, seconds: float) -> float:
    """Writes of 4 KiB a second, one after another, each synced (`fdatasync`)."""
    path = folder / "synced"
    with path.open("w+b", buffering=0) as file:
        file.write(os.urandom(_BLOCK * _BLOCKS))
        os.fsync(file.fileno())
        block, written = os.urandom(_BLOCK), 0
        started = time.perf_counter()
        while (taken := time.perf_counter() - started) < seconds:
            os.pwrite(file.fileno(), block, written % _BLOCKS * _BLOCK)
            os.fdatasync(file.fileno())
            written += 1
    path.unlink()
    return written / taken
