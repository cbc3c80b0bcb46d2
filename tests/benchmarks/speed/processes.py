"""Servers as processes of their own, on free ports of the loopback."""

import http.client
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.005


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which nothing is set for the service.

    Nor is Python kept from writing down what it has compiled: an installed package has that.
    """
    return {
        name: value
        for name, value in environment.items()
        if "PATTERNS_" not in name and name != "PYTHONDONTWRITEBYTECODE"
    }


class Server:
    """A running process that answers HTTP; as a context it is ended, by its process id."""

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], port: int, log: Path
    ) -> None:
        self._log = log
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.started_in = 0.0
        """Seconds until it answered with 200, once it has."""
        self._started = time.perf_counter()
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=log.parent,
                env=_without_settings(os.environ) | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_for(self, path: str) -> None:
        """Wait until a path answers with 200."""
        deadline = time.perf_counter() + _START_SECONDS  # stores may have been built since
        while time.perf_counter() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if self.get(path)[0] == http.HTTPStatus.OK:
                    self.started_in = time.perf_counter() - self._started
                    return
            except OSError:
                pass
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"{self.process.args!r} did not start: {self._log.read_text()}")

    def get(self, path: str) -> tuple[int, bytes]:
        """The status and the body of one answer."""
        return self.ask("GET", path)

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = {}
    ) -> tuple[int, bytes]:
        """The status and the body of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_START_SECONDS)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def memory(self) -> int:
        """Bytes of memory it takes, its part of what is shared with others included (PSS)."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        found = re.search(r"^Pss: +(\d+) kB$", rollup, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024
