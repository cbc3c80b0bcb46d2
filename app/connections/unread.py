"""Answers that wait for their readers: each must move, and all fit in memory."""

import asyncio
from dataclasses import dataclass

BYTES_PER_SECOND = 1000
"""What a client must take of an answer on average."""

_NEW_SECONDS = 1.0
"""In which a reader is spared while there are others."""


@dataclass(frozen=True, slots=True)
class _Watch:
    """What an answer's transport held at a moment of the event loop's clock."""

    since: float
    size: int
    timer: asyncio.TimerHandle


class Unread:
    """The transports that hold more of an answer than the kernel takes.

    One whose client takes less than it must in so many `seconds` is cut off. Where all hold
    more than `max_bytes`, those go whose clients have taken least a second, so that nobody can
    keep others out by not reading. A single one may hold more.
    """

    def __init__(
        self, max_bytes: int, seconds: float, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._loop = loop or asyncio.get_running_loop()
        self._watched: dict[asyncio.WriteTransport, _Watch] = {}

    def watch(self, transport: asyncio.WriteTransport) -> None:
        """See to it that what the transport holds is read."""
        if transport in self._watched:
            return
        timer = self._loop.call_later(self._seconds, self._check, transport)
        size = transport.get_write_buffer_size()
        self._watched[transport] = _Watch(self._loop.time(), size, timer)
        while len(self._watched) > 1 and self._held() > self._max_bytes:
            self._cut_off(self._slowest(but=transport))

    def release(self, transport: asyncio.WriteTransport) -> None:
        """Watch it no longer: all is read, or nobody is there to read it."""
        watch = self._watched.pop(transport, None)
        if watch is not None:
            watch.timer.cancel()

    def _check(self, transport: asyncio.WriteTransport) -> None:
        size = transport.get_write_buffer_size()
        taken = self._watched[transport].size - size
        if size and taken < BYTES_PER_SECOND * self._seconds:
            self._cut_off(transport)
            return
        self.release(transport)
        if size:
            self.watch(transport)

    def _held(self) -> int:
        return sum(transport.get_write_buffer_size() for transport in self._watched)

    def _slowest(self, but: asyncio.WriteTransport) -> asyncio.WriteTransport:
        """The one read most slowly beside one that was never read; of equals the oldest."""
        now = self._loop.time()

        def pace(transport: asyncio.WriteTransport) -> tuple[bool, float]:
            watch = self._watched[transport]
            seconds = now - watch.since
            taken = watch.size - transport.get_write_buffer_size()
            is_new = seconds < _NEW_SECONDS
            return is_new, taken if is_new else taken / seconds

        return min((each for each in self._watched if each is not but), key=pace)

    def _cut_off(self, transport: asyncio.WriteTransport) -> None:
        self.release(transport)
        transport.abort()
