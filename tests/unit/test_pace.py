"""When connections that were refused are heard again."""

from app.connections.pace import LONGEST_SECONDS, REFUSALS_PER_SECOND, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_few_are_heard_again_at_once() -> None:
    pace = Pace(Clock())
    assert max(pace.rest() for _ in range(10)) <= 10 / REFUSALS_PER_SECOND


def test_many_are_spread_over_a_time_that_has_an_end() -> None:
    pace = Pace(Clock())
    rests = [pace.rest() for _ in range(REFUSALS_PER_SECOND * 5)]
    late = rests[REFUSALS_PER_SECOND:]
    assert max(rests) <= LONGEST_SECONDS
    assert min(late) >= LONGEST_SECONDS * 0.7
    assert len({round(rest, 2) for rest in late}) > 10


def test_nothing_is_left_of_a_crowd_once_it_is_gone() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(REFUSALS_PER_SECOND):
        pace.rest()
    clock.now += LONGEST_SECONDS
    assert pace.rest() <= 1 / REFUSALS_PER_SECOND
