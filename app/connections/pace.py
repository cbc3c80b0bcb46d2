"""How often refused clients are heard again, so that refusing leaves time for serving."""

import random
from collections.abc import Callable
from typing import Any

REFUSALS_PER_SECOND = 1000
"""So many cost about a tenth of a core."""

LONGEST_SECONDS = 0.6
"""After which a connection is heard again however many others were refused; `Retry-After` tells
more than that."""

_EXTENSION = "pattern_store.refused"


class Pace:
    """Gives each refused connection a moment from which on it is heard again.

    A client that waits as `Retry-After` says never notices. One that asks again at once would
    be refused again, thousands of times a second with others of its kind, and those accepted
    would wait in between. The moments are laid out one after the other at a steady rate, by the
    generic cell rate algorithm in its virtual scheduling form (ITU-T I.371), and then moved a
    little at random, so that those refused together don't come back together.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0.0

    def rest(self) -> float:
        """For how many seconds a connection refused now is not to be heard."""
        now = self._clock()
        self._last = max(self._last + 1 / REFUSALS_PER_SECOND, now)
        self._last = min(self._last, now + LONGEST_SECONDS)
        return (self._last - now) * random.uniform(0.75, 1)  # noqa: S311 - it guards nothing


def extension(refused: Callable[[], None]) -> dict[str, Callable[[], None]]:
    """An ASGI extension through which the application says that it refuses a request."""
    return {_EXTENSION: refused}


def note_refusal(scope: Any) -> None:
    """Say that the request of a scope is refused, to a server that makes something of it."""
    note = scope.get("extensions", {}).get(_EXTENSION)
    if note is not None:
        note()
