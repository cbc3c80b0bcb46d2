"""Which requests are taken on: so many that each is answered soon, and all fit in memory.

A request counts from when its body is whole, so that nobody holds others up by sending slowly,
until its answer is made. Beyond the limit it is refused at once, before its body is read where
it can be. Who was refused and asks again too early finds only half of the places: the others are
for those who wait, as telephone networks reserve trunks against repeated calls (ITU-T E.412).

The bytes of bodies are counted as they arrive, against a limit of their own; where it is reached,
those bodies are given up that come most slowly, so that nobody can keep others out by sending
slowly.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request

from app.errors import BodyTooLarge, BodyTooSlow, Overloaded
from app.routes.places import Places

BYTES_PER_SECOND = 1000
"""What a body must bring on average, once its first seconds are over; Kestrel asks for 240."""

NEW_SECONDS = 1.0
"""In which nobody has to make room for others."""

RATIO_BYTES = 1024 * 1024
"""Up to which a body may decompress from ever so little: it does no harm."""


class Admission:
    """The requests under way and the bytes of their bodies, each with a limit.

    `body_seconds` is how long a body may take beside the time that its bytes give it, `max_ratio`
    how many times its size it may decompress to.
    """

    def __init__(
        self, max_requests: int, max_bytes: int, body_seconds: float, max_ratio: float = 100
    ) -> None:
        self.under_way = 0
        self.held_bytes = 0
        self.arriving: set[Turn] = set()
        self._places = Places(max_requests)
        self._max_bytes = max_bytes
        self._body_seconds = body_seconds
        self._max_ratio = max_ratio

    def turn(self) -> "Turn":
        """What one request will take up; nothing yet."""
        return Turn(self)

    def begin(self) -> None:
        """Take a place. Raises Overloaded where there is none."""
        self.check()
        self.under_way += 1

    def end(self) -> None:
        """Give a place back."""
        self.under_way -= 1
        self._places.note_answer()

    def check(self) -> None:
        """Raise Overloaded where no further request can begin."""
        if self.under_way >= self._places.number:
            self._places.note_refusal()
            raise Overloaded(f"{self.under_way} requests are under way already; try again.")

    def is_busy(self) -> bool:
        """Whether nobody can begin who asks again too early."""
        return self.under_way >= (self._places.number + 1) // 2

    def refuses_early(self) -> bool:
        """Whether someone who asks again too early is refused; if so, it is taken note of."""
        if not self.is_busy():
            return False
        self._places.note_refusal()
        return True

    def hold(self, size: int) -> None:
        """Count so many bytes more. Raises Overloaded where there is and can be no room."""
        while self.held_bytes + size > self._max_bytes:
            slow = [turn for turn in self.arriving if turn.can_make_room()]
            if not slow:
                raise Overloaded("Too many large bodies are on their way already; try again.")
            min(slow, key=Turn.pace).give_up()
        self.held_bytes += size

    def check_ratio(self, size: int, arrived: int) -> None:
        """Raise BodyTooLarge where so many bytes are too many to have come from so few."""
        if size > RATIO_BYTES and size > self._max_ratio * arrived:
            raise BodyTooLarge(
                f"The body decompresses to more than {self._max_ratio:g} times its size."
            )

    def patience(self, arrived: int) -> float:
        """How many seconds so many bytes may take to arrive."""
        return self._body_seconds + arrived / BYTES_PER_SECOND


class Turn:
    """What one request takes up: a place among those under way, and bytes of its body."""

    __slots__ = ("_admission", "_begun", "_held", "_since", "_timeout", "arrived")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._begun = False
        self._held = 0
        self._since: float | None = None
        self._timeout: asyncio.Timeout | None = None
        self.arrived = 0

    def begin(self) -> None:
        """Take a place. Raises Overloaded where there is none."""
        self._admission.begin()
        self._begun = True

    def hold(self, size: int) -> None:
        """Hold so many bytes in all from now on. Raises Overloaded where they are too many."""
        self._admission.hold(size - self._held)
        self._held = size

    def check_ratio(self, size: int) -> None:
        """Raise BodyTooLarge where so many bytes are too many for what has arrived."""
        self._admission.check_ratio(size, self.arrived)

    def start_clock(self) -> None:
        """Give what is still to arrive its time from now on."""
        self._since, self.arrived = asyncio.get_running_loop().time(), 0

    def stop_clock(self) -> None:
        """Let what is still to arrive take any time."""
        self._since = None

    async def receive(self, receive: Callable[[], Awaitable[Any]]) -> Any:
        """The next message of the body. Raises BodyTooSlow where it takes too long."""
        patience = self._admission.patience(self.arrived)
        self._timeout = asyncio.timeout_at(self._since and self._since + patience)
        self._admission.arriving.add(self)
        try:
            async with self._timeout:
                message = await receive()
        except TimeoutError:
            raise BodyTooSlow(
                f"The body came too slowly: {self.arrived} bytes in {self._seconds():.3g} s."
            ) from None
        finally:
            self._admission.arriving.discard(self)
        self.arrived += len(message.get("body", b""))
        return message

    def can_make_room(self) -> bool:
        """Whether it holds bytes, and has waited for more of them for some time."""
        return self._held > 0 and self._seconds() >= NEW_SECONDS

    def pace(self) -> float:
        """Bytes a second since the clock runs, which has run for some time."""
        return self.arrived / self._seconds()

    def give_up(self) -> None:
        """Wait for the body no longer, and give its bytes back at once."""
        assert self._timeout is not None
        self._timeout.reschedule(0)
        self.hold(0)

    def end(self) -> None:
        """Give all of it back."""
        if self._begun:
            self._admission.end()
        self._admission.held_bytes -= self._held
        self._begun, self._held = False, 0

    def _seconds(self) -> float:
        now = asyncio.get_running_loop().time()
        return 0 if self._since is None else now - self._since


def turn_of(request: Request) -> Turn:
    """What a request takes up."""
    turn: Turn = request.scope["turn"]
    return turn
