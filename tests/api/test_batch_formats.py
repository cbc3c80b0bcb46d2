"""The forms a batch may come in: an array or lines, plain or compressed, and what is no batch."""

import gzip
import json
import sys
import zlib

import pytest
from httpx import AsyncClient

from tests.api.answers import JSON, LINES, found, places, problem, total
from tests.patterns import ndjson, pattern

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BATCH = "/v1/patterns/batch"
THREE = [pattern(pattern_id=name) for name in "abc"]
ARRAY = json.dumps(THREE).encode()
STORED = {
    "received": 3,
    "stored": 3,
    "duplicates": 0,
    "rejected": 0,
    "past_retention": 0,
    "errors": [],
    "errors_omitted": 0,
}


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", ARRAY),
        ("application/json; charset=utf-8", json.dumps(THREE, indent=3).encode()),
        ("application/x-ndjson", ndjson(THREE)),
        ("application/jsonl", ndjson(THREE)),
        ("Application/X-NDJSON; charset=UTF-8", ndjson(THREE)),
        ("application/x-ndjson", ndjson(THREE).rstrip(b"\n")),
        ("application/x-ndjson", ndjson(THREE).replace(b"\n", b"\r\n")),
        ("application/x-ndjson", ndjson(THREE).replace(b"\n", b"\n\n \t\n\r\n")),
        ("application/x-ndjson", b"\n\n" + ndjson(THREE) + b"\n\n"),
        ("application/json", b" \r\n\t" + ARRAY + b"\n\n"),
    ],
    ids=[
        "array",
        "array over lines",
        "x-ndjson",
        "jsonl",
        "letter case",
        "no last line feed",
        "CRLF",
        "blank lines",
        "blank at both ends",
        "spaces around",
    ],
)
async def test_each_form_stores_what_it_holds(
    client: AsyncClient, media_type: str, body: bytes
) -> None:
    response = await client.post(BATCH, content=body, headers={"Content-Type": media_type})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == STORED
    assert sorted(await found(client)) == ["a", "b", "c"]


def in_members(body: bytes) -> bytes:
    """gzip with a member for every 40 bytes, as appended log files have them."""
    return b"".join(gzip.compress(body[n : n + 40]) for n in range(0, len(body), 40))


def in_frames(body: bytes) -> bytes:
    return b"".join(zstd.compress(body[n : n + 40]) for n in range(0, len(body), 40))


@pytest.mark.parametrize("media_type", [JSON, LINES], ids=["array", "lines"])
@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("gzip", in_members),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("zstd", zstd.compress),
        ("zstd", in_frames),
        ("identity", bytes),
    ],
    ids=["gzip", "gzip members", "GZIP", "x-gzip", "zstd", "zstd frames", "identity"],
)
async def test_each_coding_is_undone(
    client: AsyncClient, media_type: dict[str, str], coding: str, encode: "type[bytes]"
) -> None:
    body = encode(ARRAY if media_type == JSON else ndjson(THREE))
    headers = media_type | {"Content-Encoding": coding}
    response = await client.post(BATCH, content=body, headers=headers)
    assert response.json() == STORED


@pytest.mark.parametrize(("coding", "encode"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
async def test_a_single_pattern_may_be_compressed_too(
    client: AsyncClient, coding: str, encode: "type[bytes]"
) -> None:
    headers = JSON | {"Content-Encoding": coding}
    for method, path in (("POST", "/v1/patterns"), ("PUT", "/v1/patterns/a")):
        body = encode(json.dumps(pattern(pattern_id="a", by=method)).encode())
        response = await client.request(method, path, content=body, headers=headers)
        assert response.is_success
        assert response.json()["by"] == method
    patch = encode(b'{"by":null}')
    patched = await client.patch("/v1/patterns/a", content=patch, headers=headers)
    assert "by" not in patched.json()
    cut = await client.post("/v1/patterns", content=body[:-3], headers=headers)
    problem(cut, 400)


@pytest.mark.parametrize("coding", ["br", "deflate", "compress", "gzip, gzip", "gzip;q=1", "zip"])
async def test_another_coding_is_a_415_that_says_which_are_taken(
    client: AsyncClient, coding: str
) -> None:
    headers = LINES | {"Content-Encoding": coding}
    refused = await client.post(BATCH, content=ndjson(THREE), headers=headers)
    detail = problem(refused, 415)["detail"]
    assert "gzip" in detail
    assert "zstd" in detail
    assert await total(client) == 0


@pytest.mark.parametrize(
    "media_type",
    [
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/csv",
        "application/xml",
        "application/x-ndjson; charset=utf-16",
        "multipart/form-data; boundary=x",
        "application/*",
        "",
    ],
)
async def test_another_type_is_a_415_that_says_which_are_taken(
    client: AsyncClient, media_type: str
) -> None:
    headers = {"Content-Type": media_type}
    refused = await client.post(BATCH, content=ndjson(THREE), headers=headers)
    detail = problem(refused, 415)["detail"]
    assert "application/json" in detail
    assert "application/x-ndjson" in detail
    assert await total(client) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"[",
        b"]",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        ARRAY[:-1],
        ARRAY + b"]",
        ARRAY + ARRAY,
        ARRAY + b"x",
        ARRAY.replace(b'"agent"', b"agent"),
        ARRAY.replace(b"developer", b"\xff"),
        b"\xef\xbb\xbf" + ARRAY,
        ndjson(THREE),
    ],
    ids=lambda body: repr(body[:3] + b".." + body[-3:]),
)
async def test_an_array_that_is_broken_is_a_400_and_stores_nothing(
    client: AsyncClient, body: bytes
) -> None:
    refused = problem(await client.post(BATCH, content=body, headers=JSON), 400)
    assert refused["stored"] == 0
    assert await total(client) == 0


@pytest.mark.parametrize("body", [b"{}", json.dumps(THREE[0]).encode(), b"null", b'"x"', b"1"])
async def test_json_that_is_no_array_is_a_422(client: AsyncClient, body: bytes) -> None:
    assert places(await client.post(BATCH, content=body, headers=JSON)) == [""]
    assert await total(client) == 0


@pytest.mark.parametrize(("body", "headers"), [(b"[]", JSON), (b"", LINES), (b"\n \n", LINES)])
async def test_an_empty_batch_stores_nothing(
    client: AsyncClient, body: bytes, headers: dict[str, str]
) -> None:
    response = await client.post(BATCH, content=body, headers=headers)
    assert response.status_code == 200
    assert response.json() == STORED | {"received": 0, "stored": 0}


LONG = ndjson([pattern(pattern_id=f"p{n}", noise=str(hash(str(n)))) for n in range(2000)])


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(LONG)[:-2000]),
        ("gzip", gzip.compress(LONG)[:-1]),
        ("gzip", gzip.compress(LONG[:200_000]) + b"no gzip"),
        ("gzip", gzip.compress(LONG[:200_000]) + gzip.compress(LONG[200_000:])[:-9]),
        ("gzip", gzip.compress(LONG)[:-6] + b"\0\0\0\0\0\0"),
        ("zstd", zstd.compress(LONG)[:-4]),
        ("zstd", zstd.compress(LONG[:200_000]) + b"no zstd"),
    ],
    ids=[
        "cut",
        "last byte",
        "garbage after",
        "second member",
        "checksum",
        "zstd cut",
        "zstd garbage",
    ],
)
async def test_a_coding_that_breaks_off_tells_what_was_stored(
    client: AsyncClient, coding: str, body: bytes
) -> None:
    headers = LINES | {"Content-Encoding": coding}
    broken = problem(await client.post(BATCH, content=body, headers=headers), 400)
    assert broken["stored"] > 0, "the whole lines before the break"
    assert broken["received"] == broken["stored"] + broken["rejected"]
    assert broken["rejected"] == len(broken["errors"]) == 0, "half a line is none"
    assert await total(client) == broken["stored"]
    whole = await client.post(BATCH, content=LONG, headers=LINES)
    assert whole.json()["duplicates"] == broken["stored"]
    assert await total(client) == 2000


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", ndjson(THREE)), ("zstd", ndjson(THREE)), ("gzip", zlib.compress(ndjson(THREE)))],
)
async def test_a_body_in_another_coding_than_it_says_is_a_400(
    client: AsyncClient, coding: str, body: bytes
) -> None:
    headers = LINES | {"Content-Encoding": coding}
    broken = problem(await client.post(BATCH, content=body, headers=headers), 400)
    assert broken | {"received": 0, "stored": 0, "errors": []} == broken
