"""Bodies that are no JSON are a 400; JSON that cannot be kept as it is, is a 422; none is a 500."""

import json
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import JSON, MERGE_PATCH, places, problem, store, total
from tests.patterns import pattern

NO_JSON = {
    "nothing": b"",
    "spaces": b" \r\n ",
    "a word": b"pattern",
    "an object that ends too early": b'{"pattern_type":"task_completion"',
    "an object and more": b"{}{}",
    "a comma too many": b'{"a":1,}',
    "a comment": b'{"a":1} // why',
    "single quotes": b"{'a':1}",
    "a number with a leading zero": b'{"a":01}',
    "a number without a fraction": b'{"a":1.}',
    "a hexadecimal number": b'{"a":0x10}',
    "a tab in a string": b'{"a":"\t"}',
    "a broken escape": b'{"a":"\\u12"}',
    "a bare NUL": b'{"a":"\x00"}',
    "an invalid byte": b'{"a":"\xff"}',
    "UTF-8 that ends too early": b'{"a":"\xe2\x82"}',
    "an encoded surrogate": b'{"a":"\xed\xa0\x80"}',
    "an overlong encoding": b'{"a":"\xc0\xaf"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
}

UNKEEPABLE = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "beyond a double": "1e400",
    "beyond a double, negative": "-1E+400",
    "beyond a double, in digits": "1" + "0" * 400 + ".0",
    "a lone high surrogate": r'"\ud800"',
    "a lone low surrogate": r'"x\udfffy"',
    "surrogates in the wrong order": r'"\udc00\ud800"',
    "a high surrogate before another escape": r'"\ud83d\u0041"',
    "an integer of too many digits": "9" * 4301,
}

CALLS = [
    ("POST", "/v1/patterns"),
    ("PUT", "/v1/patterns/p1"),
    ("PATCH", "/v1/patterns/p1"),
    ("POST", "/v1/validate"),
]
EVERY_CALL = pytest.mark.parametrize(("method", "path"), CALLS, ids=[" ".join(c) for c in CALLS])


@EVERY_CALL
async def test_a_body_that_is_no_json_is_a_400(client: AsyncClient, method: str, path: str) -> None:
    stored = await store(client, pattern(pattern_id="p1"))
    for what, body in NO_JSON.items():
        refused = await client.request(method, path, content=body, headers=JSON)
        assert problem(refused, 400)["type"].endswith(":malformed"), what
    assert (await client.get("/v1/patterns/p1")).json() == stored
    assert await total(client) == 1


DATA = '{"error_type":"E","error_message":"m"}'
PLACES = {
    "/x": '{"pattern_type":"error_occurrence","data":DATA,"x":VALUE}',
    "/data/x": (
        '{"pattern_type":"error_occurrence","data":{"error_type":"E","error_message":"m","x":VALUE}}'
    ),
    "/context/metadata/a~1b/1/~0": (
        '{"pattern_type":"error_occurrence","data":DATA,'
        '"context":{"metadata":{"a/b":[0,{"~":VALUE}]}}}'
    ),
}


@pytest.mark.parametrize("spelt", UNKEEPABLE.values(), ids=UNKEEPABLE)
async def test_a_value_that_could_not_come_back_is_refused_by_its_pointer(
    client: AsyncClient, spelt: str
) -> None:
    for pointer, template in PLACES.items():
        body = template.replace("DATA", DATA).replace("VALUE", spelt)
        for method, path in (("POST", "/v1/patterns"), ("PUT", "/v1/patterns/p1")):
            refused = await client.request(method, path, content=body, headers=JSON)
            assert places(refused) == [pointer]
        checked = await client.post("/v1/validate", content=body, headers=JSON)
        assert [error["pointer"] for error in checked.json()["errors"]] == [pointer]
    assert await total(client) == 0


@pytest.mark.parametrize("spelt", UNKEEPABLE.values(), ids=UNKEEPABLE)
async def test_a_patch_brings_in_no_value_that_could_not_come_back(
    client: AsyncClient, spelt: str
) -> None:
    stored = await store(client, pattern(pattern_id="p1"))
    body = '{"context":{"metadata":{"x":VALUE}}}'.replace("VALUE", spelt)
    refused = await client.patch("/v1/patterns/p1", content=body, headers=MERGE_PATCH)
    assert places(refused) == ["/context/metadata/x"]
    assert (await client.get("/v1/patterns/p1")).json() == stored


@pytest.mark.parametrize(
    "field", ["memory_mb", "duration_ms", "agent_type"], ids=["float", "int", "str"]
)
@pytest.mark.parametrize("spelt", ["1e400", "NaN", "1" + "0" * 400, r'"\ud800"'])
async def test_known_fields_refuse_what_their_type_cannot_hold(
    client: AsyncClient, field: str, spelt: str
) -> None:
    members = {
        "agent_type": '"a"',
        "task_type": '"t"',
        "success": "true",
        "duration_ms": "1",
        field: spelt,
    }
    data = ",".join(f'"{name}":{value}' for name, value in members.items())
    body = '{"pattern_type":"agent_usage","data":{DATA}}'.replace("DATA", data)
    response = await client.post("/v1/patterns", content=body, headers=JSON)
    if field == "duration_ms" and spelt.isdigit():
        assert f'"duration_ms":{spelt}' in response.text
    else:
        assert places(response) == [f"/data/{field}"]


@pytest.mark.parametrize("key", [r'"\ud800"', r'"a\udc00"'])
async def test_a_lone_surrogate_in_a_key_is_refused_too(client: AsyncClient, key: str) -> None:
    body = '{"pattern_type":"error_occurrence","data":{"error_type":"E","error_message":"m",%s:1}}'
    refused = await client.post("/v1/patterns", content=body % key, headers=JSON)
    assert places(refused) == ["/data"]


@pytest.mark.parametrize("depth", [500, 5_000, 200_000])
@EVERY_CALL
async def test_nesting_without_end_is_refused(
    client: AsyncClient, method: str, path: str, depth: int
) -> None:
    await store(client, pattern(pattern_id="p1"))
    body = '{"pattern_type":"error_occurrence","context":{"metadata":VALUE}}'
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        content = body.replace("VALUE", opening * depth + "1" + closing * depth)
        response = await client.request(method, path, content=content, headers=JSON)
        if path == "/v1/validate":
            assert response.json()["valid"] is False
        else:
            assert problem(response, 422)["errors"][0]["code"] == "maxDepth"


async def test_nesting_within_reason_comes_back(client: AsyncClient) -> None:
    nested: Any = 1
    for _ in range(90):
        nested = {"a": [nested]}
    stored = await store(client, pattern(data={"x": nested}))
    assert stored["data"]["x"] == nested


@pytest.mark.parametrize(
    "path",
    [
        "/v1/patterns",
        "/v1/errors/resolve",
        "/v1/errors/err-07f1c4a95be23d68/merge",
        "/v1/errors/err-07f1c4a95be23d68/split",
        "/v1/resolutions/res-x/outcomes",
        "/v1/corrections/search",
    ],
)
@pytest.mark.parametrize(
    ("value", "kind"), [([], "an array"), ("{}", "a string"), (None, "null"), (1, "an integer")]
)
async def test_what_is_no_object_is_told_in_the_words_of_json(
    client: AsyncClient, path: str, value: Any, kind: str
) -> None:
    answer = await client.post(path, content=json.dumps(value), headers=JSON)
    (error,) = problem(answer, 422)["errors"]
    detail = f"Must be an object, not {kind}."
    assert error == {"pointer": "", "code": "type", "detail": detail}
