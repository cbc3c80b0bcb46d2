"""How often a key may call: a bucket of tokens, of which each request takes one."""

from app.errors import RateLimited
from app.schemas.timestamps import SECOND


class Bucket:
    """Holds a minute's requests at most, and fills evenly; full at first."""

    def __init__(self, per_minute: int, now: int) -> None:
        self.per_minute = per_minute
        self._tokens = float(per_minute)
        self._filled_at = now

    def take(self, now: int) -> None:
        """Take a token at a present in microseconds. Raises RateLimited where there is none."""
        since = max(0, now - self._filled_at)  # clocks may be put back
        filled = self._tokens + since * self.per_minute / (60 * SECOND)
        self._tokens = min(float(self.per_minute), filled)
        self._filled_at = now
        if self._tokens < 1:
            raise RateLimited(
                f"The key may make {self.per_minute} requests a minute.",
                seconds=int((1 - self._tokens) * 60 / self.per_minute) + 1,
            )
        self._tokens -= 1
