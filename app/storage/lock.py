"""One service process a store: a lock file that says who holds it."""

import fcntl
import os
import sys
from pathlib import Path

from app.errors import StoreBusy


class StoreLock:
    """An advisory lock (flock(2)) on a file beside the store; the kernel frees it on any exit."""

    def __init__(self, path: Path, place: Path) -> None:
        self._path = path
        self._place = place
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises StoreBusy, naming the process that holds it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 500).decode(errors="replace").strip()
            os.close(descriptor)
            raise StoreBusy(
                f"{self._place} is in use by {holder or 'another process'}. "
                "Stop that process first, or send requests to it; one store has one process."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} ({' '.join(sys.argv)[:400]})\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the lock go; without effect where it is not held."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None
