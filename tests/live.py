"""The service as its users run it: a process of its own, on a free port of the loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import httpx

START_SECONDS = 30.0
STOP_SECONDS = 30.0


class LiveService:
    """One running `pattern-store serve`."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        self.url = self._wait_for_url()

    def wait_until_ready(self) -> None:
        """Wait until its storage answers: a tree of files is first compared with its index."""
        deadline = time.monotonic() + START_SECONDS
        while httpx.get(f"{self.url}/readyz").status_code != HTTPStatus.OK:
            assert time.monotonic() < deadline, f"the service is not ready: {self._log.read_text()}"
            time.sleep(0.05)

    def log_lines(self) -> list[dict[str, object]]:
        """What it has logged so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def stop(self) -> int:
        """Send SIGTERM and wait; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def _wait_for_url(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for line in self._log.read_text().splitlines():
                if "Uvicorn running on " in line:
                    message = str(json.loads(line)["message"])
                    return message.removeprefix("Uvicorn running on ").split()[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"the service did not start: {self._log.read_text()}")


@contextmanager
def live_service(folder: Path, **environment: str) -> Iterator[LiveService]:
    """Run the service with its store in a folder, once it listens."""
    with start_service(folder, **environment) as process:
        yield LiveService(process, _log_in(folder))


@contextmanager
def start_service(folder: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Begin to run it; it is ended by its process id at the end."""
    variables = {name: value for name, value in os.environ.items() if "PATTERNS_" not in name}
    variables |= {"PATTERNS_PORT": "0", "PATTERNS_STORAGE_URL": f"sqlite:///{folder}/patterns.db"}
    variables["PYTHONPATH"] = str(Path(__file__).parents[1])
    with _log_in(folder).open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve"],
            cwd=folder,
            env=variables | environment,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(STOP_SECONDS)


def _log_in(folder: Path) -> Path:
    return folder / "service.log"
