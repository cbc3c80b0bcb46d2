"""Looking for the next request, for a moment after an answer, before the process sleeps.

A client that sends one request after the other has the next one ready sooner than a sleeping
process wakes: two switches of the processor, whose caches are cold by then, cost as much as
reading a pattern. Network drivers and hypervisors poll so: busy polling in Linux, adaptive halt
polling in KVM.
"""

import asyncio
import os
from time import monotonic
from typing import Any

from starlette.types import ASGIApp

POLLING_SECONDS = 0.0003
"""How long it is looked at most."""

EXPECTED_SECONDS = 2 * POLLING_SECONDS
"""How soon after an answer a request must have come for another one to be looked for: sooner than
when the process had to wake for it. Whoever asks now and then costs nothing."""

PASSED_OVER = 15
MOST_PASSED_OVER = 1000
"""How often it is not looked after it was in vain, twice as often each time: where the processor
is needed by others, the client too waits for it, and looking only keeps it longer."""


class BusyPolling:
    """Keeps an event loop awake while a request is expected, and none is under way.

    An upload that stays open is under way, so that beside it the loop sleeps as it would without.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._can_help = _cores() > 1  # or else the client waits for the processor meanwhile
        self._under_way = 0
        self._idle_since = -EXPECTED_SECONDS
        self._is_expected = False
        self._to_pass_over = 0
        self._passed_over_next = PASSED_OVER
        self._is_polling = False

    def around(self, app: ASGIApp) -> ASGIApp:
        """An application whose requests are taken note of."""

        async def noting(*call: Any) -> None:
            self._begin()
            try:
                await app(*call)
            finally:
                self._end()

        return noting

    def _begin(self) -> None:
        if not self._under_way:
            self._is_expected = self._can_help and self._idle_seconds() < EXPECTED_SECONDS
        if self._is_polling:
            self._passed_over_next = PASSED_OVER
        self._under_way += 1

    def _end(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._idle_since = monotonic()
            if self._is_expected and not self._is_polling:
                self._look()

    def _look(self) -> None:
        if self._to_pass_over:
            self._to_pass_over -= 1
        else:
            self._is_polling = True
            self._loop.call_soon(self._poll)

    def _poll(self) -> None:
        """Come again in the next turn of the loop, which looks for requests on its way."""
        if not self._under_way and self._idle_seconds() < POLLING_SECONDS:
            self._loop.call_soon(self._poll)
            return
        self._is_polling = False
        if not self._under_way:
            self._to_pass_over = self._passed_over_next
            self._passed_over_next = min(2 * self._passed_over_next, MOST_PASSED_OVER)

    def _idle_seconds(self) -> float:
        return monotonic() - self._idle_since


def _cores() -> int:
    """How many processor cores the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
