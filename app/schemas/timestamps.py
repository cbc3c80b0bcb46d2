"""Times: ISO 8601 outside, integer microseconds since 1970-01-01T00:00:00Z inside."""

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
"""The first moment that a timestamp can name."""
LATEST = (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC) - EPOCH) // MICROSECOND
"""The last one."""

_ISO_8601 = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d|\d{8})"
    r"(?:[Tt ](?P<time>(?:[01]\d|2[0-3])(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?)"
    r"(?:[Zz]|[+-]\d\d(?::?[0-5]\d)?)?)?",
    re.ASCII,
)


def now() -> int:
    """The present, in microseconds since the epoch."""
    return time.time_ns() // 1000


def parse_timestamp(text: str) -> int:
    """Microseconds since the epoch of an ISO 8601 date and time.

    A calendar date, basic or extended, alone (its midnight) or with a time; `Z`, an offset,
    or neither, which means UTC. Digits beyond the microsecond are cut. Raises ValueError
    where the text is anything else, names a leap second, or falls outside the years 1 to
    9999 in UTC.
    """
    if _ISO_8601.fullmatch(text) is None:
        raise ValueError("not an ISO 8601 date and time such as 2025-11-29T10:00:00Z")
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999 in UTC") from None
    return (moment - EPOCH) // MICROSECOND


def format_timestamp(microseconds: int) -> str:
    """The normal form: UTC, six digits of fraction, `Z`."""
    seconds, fraction = divmod(microseconds, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_format_hour(hour)}:{_DIGITS[minute]}:{_DIGITS[second]}.{fraction:06}Z"


_DIGITS = tuple(f"{number:02}" for number in range(60))


@lru_cache(maxsize=4096)
def _format_hour(hour: int) -> str:
    """`YYYY-MM-DDTHH`; the times that are formatted at once lie in few hours, in many seconds."""
    return (EPOCH + timedelta(hours=hour)).isoformat()[:13]


def is_bare_date(text: str) -> bool:
    """Whether an ISO 8601 text names a day and no time."""
    match = _ISO_8601.fullmatch(text)
    return match is not None and match["time"] is None


def day_of(microseconds: int) -> int:
    """The UTC day a time falls in, counted from the epoch."""
    return microseconds // DAY


def format_day(day: int) -> str:
    """A day counted from the epoch as `YYYY-MM-DD`."""
    return (EPOCH + timedelta(days=day)).date().isoformat()
