"""Times: what is taken for one, what it means, and its one normal form."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schemas.timestamps import (
    DAY,
    SECOND,
    day_of,
    format_day,
    format_timestamp,
    is_bare_date,
    now,
    parse_timestamp,
)

FIRST, LAST = "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2025-11-29T10:00:00Z", "2025-11-29T10:00:00.000000Z"),
        ("2025-11-29T10:00:00", "2025-11-29T10:00:00.000000Z"),
        ("2025-11-29 10:00:00", "2025-11-29T10:00:00.000000Z"),
        ("2025-11-29t10:00:00z", "2025-11-29T10:00:00.000000Z"),
        ("2025-11-29T10:00Z", "2025-11-29T10:00:00.000000Z"),
        ("2025-11-29T10Z", "2025-11-29T10:00:00.000000Z"),
        ("2025-11-29", "2025-11-29T00:00:00.000000Z"),
        ("20251129T100000Z", "2025-11-29T10:00:00.000000Z"),
        ("20251129", "2025-11-29T00:00:00.000000Z"),
        ("2025-11-29T10:00:00+02:00", "2025-11-29T08:00:00.000000Z"),
        ("2025-11-29T10:00:00+0200", "2025-11-29T08:00:00.000000Z"),
        ("2025-11-29T10:00:00-05", "2025-11-29T15:00:00.000000Z"),
        ("2025-11-29T10:00:00+05:45", "2025-11-29T04:15:00.000000Z"),
        ("2025-11-29T10:00:00-00:00", "2025-11-29T10:00:00.000000Z"),
        ("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00.000000Z"),
        ("2025-11-29T10:00:00.5Z", "2025-11-29T10:00:00.500000Z"),
        ("2025-11-29T10:00:00,25Z", "2025-11-29T10:00:00.250000Z"),
        ("2025-11-29T10:00:00.123456Z", "2025-11-29T10:00:00.123456Z"),
        ("2025-11-29T10:00:00.123456789Z", "2025-11-29T10:00:00.123456Z"),
        ("2025-11-29T10:00:00.999999999999Z", "2025-11-29T10:00:00.999999Z"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"),
        ("0001-01-01T00:00:00Z", FIRST),
        ("0001-01-01T05:00:00+05:00", FIRST),
        ("9999-12-31T23:59:59.999999Z", LAST),
        ("9999-12-31T22:59:59.999999-01:00", LAST),
    ],
)
def test_an_iso_8601_time_is_normalised_to_utc_and_microseconds(text: str, normal: str) -> None:
    assert format_timestamp(parse_timestamp(text)) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "now",
        "1764410400",
        "2025",
        "2025-11",
        "2025-13-01",
        "2025-02-29",
        "2025-11-31",
        "2025-1-1",
        "2025-W48-6",
        "2025-333",
        "0000-01-01",
        "10000-01-01",
        "-001-01-01",
        "2025-11-29T",
        "2025-11-29T24:00:00Z",
        "2025-11-29T25:00:00Z",
        "2025-11-29T10:60:00Z",
        "2025-11-29T10:00:60Z",
        "2016-12-31T23:59:60Z",
        "2025-11-29T10:00:00.Z",
        "2025-11-29T10.5Z",
        "2025-11-29T10:00.5Z",
        "2025-11-29T1000:00Z",
        "2025-11-29T10:00:00 Z",
        "2025-11-29T10:00:00 +02:00",
        "2025-11-29T10:00:00+2",
        "2025-11-29T10:00:00+24:00",
        "2025-11-29T10:00:00+02:60",
        "2025-11-29T10:00:00ZZ",
        "2025-11-29T10:00:00Z\n",
        " 2025-11-29T10:00:00Z",
        "2025-11-29T10:00:00 UTC",
        "2025-11-29T10:00:00[Europe/Berlin]",
        "2025-11-29_10:00:00",
        "2025/11/29",
        "29.11.2025",
        "２０２５-11-29",
        "2025-11-29T10:00:0٥Z",
        "2025-11-29\0",
        "\ud800",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_timestamp(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_microsecond_of_the_years_1_to_9999_comes_back_exactly(moment: datetime) -> None:
    microseconds = parse_timestamp(moment.isoformat())
    text = format_timestamp(microseconds)
    assert datetime.fromisoformat(text) == moment
    assert parse_timestamp(text) == microseconds


@given(st.datetimes(), st.datetimes())
def test_normal_forms_sort_as_their_times_do(one: datetime, other: datetime) -> None:
    first, second = parse_timestamp(one.isoformat()), parse_timestamp(other.isoformat())
    assert (first < second) == (format_timestamp(first) < format_timestamp(second))


@given(st.text())
def test_no_text_is_read_as_a_time_but_by_its_rules(text: str) -> None:
    try:
        microseconds = parse_timestamp(text)
    except ValueError:
        return
    assert FIRST <= format_timestamp(microseconds) <= LAST


@pytest.mark.parametrize(
    ("text", "is_bare"),
    [
        ("2025-11-29", True),
        ("20251129", True),
        ("2025-11-29T00:00:00Z", False),
        ("2025-11-29 00", False),
        ("2025-11", False),
        ("yesterday", False),
    ],
)
def test_a_date_without_a_time_is_told_from_one_with_it(text: str, is_bare: bool) -> None:
    assert is_bare_date(text) is is_bare


@pytest.mark.parametrize(
    ("text", "day"),
    [
        (FIRST, "0001-01-01"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31"),
        ("1970-01-01T00:00:00Z", "1970-01-01"),
        ("2026-01-15T23:59:59.999999Z", "2026-01-15"),
        (LAST, "9999-12-31"),
    ],
)
def test_a_time_falls_in_its_utc_day(text: str, day: str) -> None:
    time = parse_timestamp(text)
    assert format_day(day_of(time)) == day
    assert parse_timestamp(day) == day_of(time) * DAY


def test_the_present_is_counted_in_microseconds_since_the_epoch() -> None:
    before = datetime.now(UTC).timestamp()
    assert before - 1 <= now() / SECOND <= datetime.now(UTC).timestamp() + 1
