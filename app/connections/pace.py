"""When clients are heard again that ask too early, so that refusing leaves time for serving."""

import asyncio
from collections.abc import Callable
from typing import Any

AGAIN_SECONDS = 1.0
"""Before which a refused client is not to ask again: what `Retry-After` says."""

LONGEST_SECONDS = 3.0
"""After which a connection is heard again though little is served; many clients wait for an
answer no longer than five seconds."""

_LOOK_SECONDS = 0.1
"""How often it is looked who has rested long enough."""

_GoOn = Callable[[bool], None]

_EXTENSION = "pattern_store.refused"


class Pace:
    """Lets connections rest that asked again before Retry-After was over, and were refused again.

    They would be refused thousands of times a second, and those accepted would wait in between.
    What is served sets the pace instead, as acknowledgements set that of TCP (Jacobson,
    Congestion Avoidance and Control, 1988): with each answer one of them is heard. Refusing took
    33 µs of CPU time where storing took 211, so that it takes a seventh of the time unless so
    little is served that many are heard after LONGEST_SECONDS. Where there is room the one is
    heard that has rested least, since its answer then comes soonest after its question (adaptive
    LIFO: Maurer, Fail at Scale, ACM Queue 2015). While the service is busy it is the one that
    has rested longest, once Retry-After is over. What was asked before so long is refused
    again: it would be answered too late.

    `is_busy` tells whether there is no room for those who ask too early.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, is_busy: Callable[[], bool]) -> None:
        self._loop = loop
        self._is_busy = is_busy
        self._resting: dict[_GoOn, float] = {}  # since when, the first one first
        self._timer: asyncio.TimerHandle | None = None

    def rest(self, go_on: _GoOn) -> None:
        """Call `go_on` when the connection is to be heard again, with whether it is too late to
        serve what it has asked meanwhile."""
        self._resting[go_on] = self._loop.time()
        self._look_again()

    def forget(self, go_on: _GoOn) -> None:
        """Don't call it, if it is still to be called: the connection is gone."""
        self._resting.pop(go_on, None)

    def note_answer(self) -> None:
        """Take note that a request was served."""
        if not self._resting:
            return
        if self._is_busy():
            self._hear_oldest(AGAIN_SECONDS)
        else:
            self._hear_newest()

    def _look_again(self) -> None:
        if self._timer is None and self._resting:
            self._timer = self._loop.call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Hear those whom nothing that is served lets be heard in time."""
        self._timer = None
        if not self._is_busy():
            self._hear_newest()
        while self._hear_oldest(LONGEST_SECONDS):
            pass
        self._look_again()

    def _hear_newest(self) -> None:
        if self._resting:
            self._hear(next(reversed(self._resting)))

    def _hear_oldest(self, seconds: float) -> bool:
        """Hear the one that has rested longest if it has so long; whether there is such a one."""
        go_on = next(iter(self._resting), None)
        if go_on is None or self._loop.time() - self._resting[go_on] < seconds:
            return False
        self._hear(go_on)
        return True

    def _hear(self, go_on: _GoOn) -> None:
        go_on(self._loop.time() - self._resting.pop(go_on) >= AGAIN_SECONDS)


def extension(refused: Callable[[], None]) -> dict[str, Callable[[], None]]:
    """An ASGI extension through which the application says that it refuses a request."""
    return {_EXTENSION: refused}


def note_refusal(scope: Any) -> None:
    """Say that the request of a scope is refused, to a server that makes something of it."""
    note = scope.get("extensions", {}).get(_EXTENSION)
    if note is not None:
        note()
