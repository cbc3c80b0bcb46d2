"""When connections that were refused again are heard again."""

import asyncio
from typing import Any, cast

from app.connections.pace import AGAIN_SECONDS, LONGEST_SECONDS, Pace

CROWD = 500


class Loop:
    """The clock and the timers of an event loop, moved on by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._timers: list[tuple[float, Any]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, call: Any) -> None:
        self._timers.append((self.now + seconds, call))

    def move_on(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [timer for timer in self._timers if timer[0] <= until]:
            first = min(due, key=lambda timer: timer[0])
            self._timers.remove(first)
            self.now = max(self.now, first[0])
            first[1]()
        self.now = until


class Crowd:
    """Connections that rest; `heard` tells which were heard, in order, and if late."""

    def __init__(self, *, busy: bool = True) -> None:
        self.loop = Loop()
        self.busy = busy
        self.heard: list[tuple[int, bool]] = []
        self.pace = Pace(cast(asyncio.AbstractEventLoop, self.loop), lambda: self.busy)

    def rest(self, number: int) -> Any:
        def go_on(is_late: bool) -> None:
            self.heard.append((number, is_late))

        self.pace.rest(go_on)
        return go_on


def test_while_it_is_busy_each_answer_lets_the_longest_resting_be_refused_again() -> None:
    crowd = Crowd()
    for number in range(CROWD):
        crowd.rest(number)
    crowd.loop.move_on(AGAIN_SECONDS)
    for _ in range(10):
        crowd.pace.note_answer()
    assert crowd.heard == [(number, True) for number in range(10)]


def test_nobody_is_refused_again_before_the_time_that_was_told() -> None:
    crowd = Crowd()
    crowd.rest(0)
    crowd.loop.move_on(AGAIN_SECONDS * 0.9)
    crowd.pace.note_answer()
    assert crowd.heard == []


def test_where_there_is_room_each_answer_lets_the_latest_be_served() -> None:
    crowd = Crowd(busy=False)
    for number in range(CROWD):
        crowd.rest(number)
    crowd.pace.note_answer()
    crowd.pace.note_answer()
    assert crowd.heard == [(CROWD - 1, False), (CROWD - 2, False)]


def test_someone_is_heard_soon_where_there_is_room_though_nothing_is_answered() -> None:
    crowd = Crowd(busy=False)
    crowd.rest(0)
    crowd.loop.move_on(AGAIN_SECONDS)
    assert crowd.heard == [(0, False)]


def test_all_are_heard_in_the_end_though_nothing_is_answered() -> None:
    crowd = Crowd()
    for number in range(CROWD):
        crowd.rest(number)
    crowd.loop.move_on(LONGEST_SECONDS * 1.1)
    assert sorted(crowd.heard) == [(number, True) for number in range(CROWD)]


def test_who_is_gone_is_not_heard() -> None:
    crowd = Crowd()
    gone, _ = crowd.rest(0), crowd.rest(1)
    crowd.pace.forget(gone)
    crowd.loop.move_on(LONGEST_SECONDS * 2)
    assert crowd.heard == [(1, True)]
