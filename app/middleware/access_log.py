"""The log's lines of requests, written a tenth of a second's worth at a time.

One write to the log for each request took longer than the rest of a small request together:
while it writes, a thread gives way to others, and waits to be let in again.
"""

import asyncio
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime

import orjson

_DELAY_SECONDS = 0.1

_logger = logging.getLogger("app.requests")


class AccessLog:
    """Lines like those of the other logs, on standard error, of the level that is set for them."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []

    def note(
        self, level: int, request_id: str, method: str, path: str, status: int, seconds: float
    ) -> None:
        """Log an answered request."""
        if not _logger.isEnabledFor(level):
            return
        if not self._lines:
            asyncio.get_running_loop().call_later(_DELAY_SECONDS, self.flush)
        line = {
            "level": logging.getLevelName(level),
            "logger": _logger.name,
            "message": "request",
            "method": method,
            "path": path,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "request_id": request_id,
            "time": datetime.now(UTC),
        }
        self._lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """Write what waits."""
        if self._lines:
            text = b"".join(self._lines).decode()
            self._lines.clear()
            with suppress(OSError):  # nobody reads the log: no reason to stop serving
                sys.stderr.write(text)
                sys.stderr.flush()
