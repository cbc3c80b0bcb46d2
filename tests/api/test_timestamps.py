"""Times: any ISO 8601 comes in; UTC with microseconds and `Z` goes out."""

import pytest
from httpx import AsyncClient

from tests.api.answers import places, store, total
from tests.patterns import pattern

NORMALISED = {
    "2025-11-29T10:00:00Z": "2025-11-29T10:00:00.000000Z",
    "2025-11-29T10:00:00": "2025-11-29T10:00:00.000000Z",
    "2025-11-29t10:00:00z": "2025-11-29T10:00:00.000000Z",
    "2025-11-29 10:00:00Z": "2025-11-29T10:00:00.000000Z",
    "2025-11-29T10:00Z": "2025-11-29T10:00:00.000000Z",
    "2025-11-29T10:00:00+00:00": "2025-11-29T10:00:00.000000Z",
    "2025-11-29T10:00:00-00:00": "2025-11-29T10:00:00.000000Z",
    "2025-11-29T12:30:00+02:30": "2025-11-29T10:00:00.000000Z",
    "2025-11-29T01:00:00-09:00": "2025-11-29T10:00:00.000000Z",
    "2025-11-29T01:00:00+1400": "2025-11-28T11:00:00.000000Z",
    "2025-11-29T23:30:00-05": "2025-11-30T04:30:00.000000Z",
    "20251129T100000Z": "2025-11-29T10:00:00.000000Z",
    "2025-11-29T10:00:00.5Z": "2025-11-29T10:00:00.500000Z",
    "2025-11-29T10:00:00,123Z": "2025-11-29T10:00:00.123000Z",
    "2025-11-29T10:00:00.123456Z": "2025-11-29T10:00:00.123456Z",
    "2025-11-29T10:00:00.123456999Z": "2025-11-29T10:00:00.123456Z",
    "2025-11-29T10:00:00.999999999+01:00": "2025-11-29T09:00:00.999999Z",
    "2025-11-29T10:00:00.0000009": "2025-11-29T10:00:00.000000Z",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00.000000Z",
    "0001-01-01T05:00:00+05:00": "0001-01-01T00:00:00.000000Z",
    "9999-12-31T23:59:59.999999Z": "9999-12-31T23:59:59.999999Z",
    "9999-12-31T22:59:59.999999-01:00": "9999-12-31T23:59:59.999999Z",
    "1969-12-31T23:59:59.999999Z": "1969-12-31T23:59:59.999999Z",
    "2024-02-29T00:00:00Z": "2024-02-29T00:00:00.000000Z",
}

REFUSED = [
    "",
    " ",
    "now",
    "1732900000",
    "-1",
    "2025",
    "2025-11",
    "2025-11-29T",
    "2025-11-29Z",
    "10:00:00Z",
    "29.11.2025",
    "11/29/2025 10:00",
    "Sat, 29 Nov 2025 10:00:00 GMT",
    "2025-11-29T10:00:00 Z",
    "2025-11-29T10:00:00Z ",
    "2025-11-29T10:00:00Zulu",
    "2025-11-29T10:00:00+2",
    "2025-11-29T10:00:00+24:00",
    "2025-11-29T10:00:00+02:60",
    "2025-11-29T10:00:00.Z",
    "2025-11-29T10:00:00.12.3Z",
    "2025-11-29T24:00:00Z",
    "2025-11-29T25:00:00Z",
    "2025-11-29T10:60:00Z",
    "2016-12-31T23:59:60Z",
    "2016-12-31T23:59:60.5Z",
    "2025-02-29T00:00:00Z",
    "2025-13-01T00:00:00Z",
    "2025-00-01T00:00:00Z",
    "2025-11-31T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "10000-01-01T00:00:00Z",
    "-2025-11-29T10:00:00Z",
    "٢٠٢٥-11-29T10:00:00Z",
    "2025-11-29T10:00:00\x00",
    "2025-11-29T10:00:00Z\n",
]


@pytest.mark.parametrize(("posted", "stored"), NORMALISED.items())
async def test_a_time_is_normalised_to_utc_with_microseconds(
    client: AsyncClient, posted: str, stored: str
) -> None:
    created = await store(client, pattern(pattern_id="a", timestamp=posted))
    assert created["timestamp"] == stored
    assert (await client.get("/v1/patterns/a")).json() == created
    for same in (posted, stored):
        again = await client.post("/v1/patterns", json=pattern(pattern_id="a", timestamp=same))
        assert again.status_code == 200, "another spelling is the same time"


@pytest.mark.parametrize("posted", REFUSED)
async def test_what_is_no_time_is_refused(client: AsyncClient, posted: str) -> None:
    for member, pointer in (
        ({"timestamp": posted}, "/timestamp"),
        ({"context": {"timestamp": posted}}, "/context/timestamp"),
    ):
        refused = await client.post("/v1/patterns", json=pattern(**member))
        assert places(refused) == [pointer]
    assert await total(client) == 0


@pytest.mark.parametrize("posted", NORMALISED)
async def test_a_time_in_the_context_stays_as_it_was_posted(
    client: AsyncClient, posted: str
) -> None:
    stored = await store(client, pattern(context={"timestamp": posted}))
    assert stored["context"]["timestamp"] == posted


async def test_times_within_one_second_are_told_apart(client: AsyncClient) -> None:
    moments = [f"2025-11-29T10:00:00.{fraction:06}Z" for fraction in range(0, 1_000_000, 99_999)]
    for moment in reversed(moments):
        await store(client, pattern(timestamp=moment))
    items = (await client.get("/v1/patterns", params={"order": "oldest"})).json()["items"]
    assert [item["timestamp"] for item in items] == moments


async def test_times_with_and_without_an_offset_sort_as_one_time_line(
    client: AsyncClient,
) -> None:
    in_order = [
        "2025-11-29T12:00:00+03:00",
        "2025-11-29T09:30:00",
        "2025-11-29T05:00:00-05:00",
        "2025-11-29T10:30:00Z",
    ]
    for posted in (in_order[2], in_order[0], in_order[3], in_order[1]):
        await store(client, pattern(timestamp=posted, data={"posted": posted}))
    items = (await client.get("/v1/patterns", params={"order": "oldest"})).json()["items"]
    assert [item["data"]["posted"] for item in items] == in_order
