"""How many requests may be under way, so that none of them waits long."""

import time
from collections.abc import Callable

WAIT_SECONDS = 0.3
"""How long what is under way may take to be answered."""

FEWEST = 64
"""Places there always are: with fewer, writes would share too few commits."""

MEASURED_SECONDS = 0.25
"""For how long answers are counted, to tell how many there are in a second."""


class Places:
    """As many as are answered in WAIT_SECONDS, of which there are `most`.

    By Little's law (A Proof for the Queuing Formula L = λW, 1961) that is how many are answered
    in a second, times the seconds. It is counted from when one was refused, since only then
    as many are answered as can be. While none is refused, each answer adds a place.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.number = most
        self._most = most
        self._fewest = min(FEWEST, most)
        self._clock = clock
        self._since: float | None = None
        self._answers = 0

    def note_refusal(self) -> None:
        """Take note that there was no place."""
        if self._since is None:
            self._since, self._answers = self._clock(), 0

    def note_answer(self) -> None:
        """Take note that a place was given back."""
        if self._since is None:
            self.number = min(self.number + 1, self._most)
            return
        self._answers += 1
        seconds = self._clock() - self._since
        if seconds >= MEASURED_SECONDS:
            answered = round(self._answers / seconds * WAIT_SECONDS)
            self.number = max(self._fewest, min(answered, self._most))
            self._since = None
