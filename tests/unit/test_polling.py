"""When the service stays awake for the next request, and when it sleeps."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest

from app.connections import polling
from app.connections.polling import (
    EXPECTED_SECONDS,
    MOST_PASSED_OVER,
    PASSED_OVER,
    POLLING_SECONDS,
    BusyPolling,
)

TURN = POLLING_SECONDS / 10
SOON = POLLING_SECONDS / 2
LATE = 10 * EXPECTED_SECONDS


class Loop:
    """An event loop whose turns are counted, and whose time is told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._next: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self._next.append(callback)

    def wait(self, seconds: float) -> int:
        """Let time pass; how many turns the loop made without sleeping."""
        until, turns = self.now + seconds, 0
        while self._next and self.now < until:
            callbacks, self._next = self._next, []
            for callback in callbacks:
                callback()
            self.now += TURN
            turns += 1
        self.now = max(self.now, until)
        return turns


class Client:
    """Sends requests to a service that answers at once."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._app = BusyPolling(loop).around(self._answer)  # type: ignore[arg-type]

    async def _answer(self, *_: Any) -> None:
        self._loop.now += TURN

    async def ask(self) -> None:
        nothing: Any = None
        await self._app(nothing, nothing, nothing)

    async def is_looked_for_in_vain(self) -> bool:
        """Ask a little too late; whether the request was looked for."""
        turns = self._loop.wait((POLLING_SECONDS + EXPECTED_SECONDS) / 2)
        await self.ask()
        return turns > 1

    async def ask_twice_in_a_row(self) -> None:
        """After which another request is expected."""
        await self.ask()
        self._loop.wait(SOON)
        await self.ask()


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(polling, "monotonic", lambda: loop.now)
    monkeypatch.setattr(polling, "_cores", lambda: 2)
    return loop


@pytest.fixture
def client(loop: Loop) -> Client:
    return Client(loop)


async def test_nobody_is_expected_after_a_single_request(loop: Loop, client: Client) -> None:
    await client.ask()
    assert loop.wait(LATE) == 0
    await client.ask()
    assert loop.wait(LATE) == 0


async def test_after_two_in_a_row_a_third_is_looked_for_and_only_for_a_moment(
    loop: Loop, client: Client
) -> None:
    await client.ask_twice_in_a_row()
    assert 9 <= loop.wait(LATE) <= 12
    assert loop.wait(LATE) == 0


async def test_it_is_looked_for_the_next_one_as_long_as_each_comes_soon(
    loop: Loop, client: Client
) -> None:
    await client.ask_twice_in_a_row()
    for _ in range(100):
        assert loop.wait(SOON) == 5
        await client.ask()


async def test_after_looking_in_vain_it_is_looked_ever_more_rarely(
    loop: Loop, client: Client
) -> None:
    await client.ask_twice_in_a_row()
    looked = [await client.is_looked_for_in_vain() for _ in range(10_000)]
    passed_over = [len([*run]) for was_looked, run in groupby(looked) if not was_looked]
    first = [PASSED_OVER * 2**doubled for doubled in range(7)]
    assert passed_over[:9] == [*first, MOST_PASSED_OVER, MOST_PASSED_OVER]


async def test_once_it_was_not_in_vain_it_is_looked_as_often_as_at_first(
    loop: Loop, client: Client
) -> None:
    await client.ask_twice_in_a_row()
    for _ in range(PASSED_OVER + 1):
        await client.is_looked_for_in_vain()
    assert loop.wait(SOON) > 0
    await client.ask()
    looked = [await client.is_looked_for_in_vain() for _ in range(PASSED_OVER + 2)]
    assert looked == [True, *[False] * PASSED_OVER, True]


async def test_nobody_is_looked_for_while_a_request_is_under_way(loop: Loop) -> None:
    busy = BusyPolling(loop)  # type: ignore[arg-type]
    nothing: Any = None
    turns = []

    async def inner(*_: Any) -> None:
        loop.now += TURN

    async def outer(*_: Any) -> None:
        for _turn in range(3):
            await busy.around(inner)(nothing, nothing, nothing)
            turns.append(loop.wait(SOON))

    await busy.around(inner)(nothing, nothing, nothing)
    await busy.around(outer)(nothing, nothing, nothing)
    assert turns == [0, 0, 0]
    assert loop.wait(SOON) > 0


async def test_a_failing_request_ends_as_any_other(loop: Loop) -> None:
    busy = BusyPolling(loop)  # type: ignore[arg-type]
    nothing: Any = None

    async def failing(*_: Any) -> None:
        raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            await busy.around(failing)(nothing, nothing, nothing)
    assert loop.wait(SOON) > 0


async def test_with_one_core_the_client_is_not_kept_from_it(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "_cores", lambda: 1)
    await Client(loop).ask_twice_in_a_row()
    assert loop.wait(LATE) == 0
