"""How many requests may be under way: as many as are answered soon."""

from app.routes.places import FEWEST, MEASURED_SECONDS, WAIT_SECONDS, Places

MOST = 256


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def answer(places: Places, clock: Clock, rate: float, seconds: float, *, refuse: bool) -> None:
    """Answer so many a second, and refuse one after each if asked to."""
    for _ in range(round(rate * seconds)):
        if refuse:
            places.note_refusal()
        clock.now += 1 / rate
        places.note_answer()


def test_there_are_all_of_them_until_one_is_refused() -> None:
    clock = Clock()
    places = Places(MOST, clock)
    answer(places, clock, rate=1, seconds=60, refuse=False)
    assert places.number == MOST


def test_under_load_there_are_as_many_as_are_answered_in_the_time_to_wait() -> None:
    for rate in (300, 500, 700):
        clock = Clock()
        places = Places(MOST, clock)
        answer(places, clock, rate, MEASURED_SECONDS * 3, refuse=True)
        assert abs(places.number - rate * WAIT_SECONDS) < 10


def test_there_are_never_more_than_all_and_never_too_few_to_share_a_commit() -> None:
    for rate, number in ((1, FEWEST), (10_000, MOST)):
        clock = Clock()
        places = Places(MOST, clock)
        answer(places, clock, rate, max(3 / rate, MEASURED_SECONDS * 3), refuse=True)
        assert places.number == number


def test_a_limit_below_the_fewest_stays_as_it_is() -> None:
    clock = Clock()
    places = Places(4, clock)
    answer(places, clock, rate=1, seconds=3, refuse=True)
    assert places.number == 4


def test_once_none_is_refused_there_are_soon_all_of_them_again() -> None:
    clock = Clock()
    places = Places(MOST, clock)
    answer(places, clock, rate=1, seconds=3, refuse=True)
    answer(places, clock, rate=1000, seconds=1, refuse=False)
    assert places.number == MOST
