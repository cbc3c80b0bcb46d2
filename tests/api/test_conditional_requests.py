"""ETags name one state of one pattern; requests can be conditional on them (RFC 9110)."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.api.answers import places, problem, store, total
from tests.patterns import pattern

PATH = "/v1/patterns/a"
CHANGED = pattern(data={"retry_count": 1})

HOLDS = ['"1-1"', '"0-0", "1-1"', '"x" ,"1-1","y"', "*", ' "1-1" ']
DOES_NOT_HOLD = ['"1-2"', '"2-1"', '""', '"0-0", "2-2"', 'W/"1-1"', 'W/"1-1", "9-9"', '"a,b"']
MALFORMED = ["", "1-1", '"1-1', "'1-1'", '"1-1" "2-2"', '*, "1-1"', 'w/"1-1"', "**"]


async def change(client: AsyncClient, method: str, headers: dict[str, str]) -> Response:
    """Do what that method does to the pattern at PATH."""
    body: dict[str, Any] = {} if method == "DELETE" else {"json": CHANGED}
    return await client.request(method, PATH, headers=headers, **body)


EVERY_CHANGE = pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])


async def test_an_etag_is_made_of_revision_and_seq(client: AsyncClient) -> None:
    await store(client, pattern())
    stored = await store(client, pattern(pattern_id="a"))
    assert (stored["stored"]["revision"], stored["stored"]["seq"]) == (1, 2)
    for method in ("GET", "HEAD"):
        assert (await client.request(method, PATH)).headers["etag"] == '"1-2"'
    assert (await client.put(PATH, json=CHANGED)).headers["etag"] == '"2-3"'


async def test_head_answers_as_get_does_without_a_body(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="a"))
    get, head = await client.get(PATH), await client.head(PATH)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("etag", "content-type", "content-length"):
        assert head.headers[name] == get.headers[name]
    missing = await client.head("/v1/patterns/b")
    assert missing.status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_state_the_client_knows_is_not_sent_again(client: AsyncClient, method: str) -> None:
    await store(client, pattern(pattern_id="a"))
    for known in (*HOLDS, 'W/"1-1"', 'W/"0-0", W/"1-1"'):
        answer = await client.request(method, PATH, headers={"If-None-Match": known})
        assert answer.status_code == 304, known
        assert answer.content == b""
        assert answer.headers["etag"] == '"1-1"'


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_state_the_client_does_not_know_is_sent(client: AsyncClient, method: str) -> None:
    await store(client, pattern(pattern_id="a"))
    for known in [tags for tags in DOES_NOT_HOLD if "W/" not in tags]:
        answer = await client.request(method, PATH, headers={"If-None-Match": known})
        assert answer.status_code == 200, known


async def test_what_is_not_there_is_not_unchanged(client: AsyncClient) -> None:
    problem(await client.get(PATH, headers={"If-None-Match": "*"}), 404)


@EVERY_CHANGE
@pytest.mark.parametrize("tags", HOLDS)
async def test_a_change_is_made_in_the_state_it_names(
    client: AsyncClient, method: str, tags: str
) -> None:
    await store(client, pattern(pattern_id="a"))
    assert (await change(client, method, {"If-Match": tags})).is_success


@EVERY_CHANGE
async def test_a_change_is_not_made_in_another_state(client: AsyncClient, method: str) -> None:
    stored = await store(client, pattern(pattern_id="a"))
    for tags in DOES_NOT_HOLD:
        refused = problem(await change(client, method, {"If-Match": tags}), 412)
        assert '"1-1"' in refused["detail"], "it tells the present ETag"
    assert (await client.get(PATH)).json() == stored


@EVERY_CHANGE
@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
async def test_what_is_no_list_of_etags_is_refused(
    client: AsyncClient, method: str, header: str
) -> None:
    stored = await store(client, pattern(pattern_id="a"))
    for tags in MALFORMED:
        assert places(await change(client, method, {header: tags})) == [header], tags
    assert (await client.get(PATH)).json() == stored


async def test_of_two_changes_to_one_state_the_second_is_refused(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="a"))
    seen = {"If-Match": '"1-1"'}
    assert (await client.patch(PATH, json=CHANGED, headers=seen)).status_code == 200
    problem(await client.patch(PATH, json={"x": 1}, headers=seen), 412)


async def test_an_etag_is_never_given_to_another_state(client: AsyncClient) -> None:
    first = await client.put(PATH, json=pattern())
    await client.delete(PATH)
    second = await client.put(PATH, json=CHANGED)
    assert first.headers["etag"] != second.headers["etag"]
    seen = {"If-Match": first.headers["etag"]}
    problem(await client.delete(PATH, headers=seen), 412)


async def test_put_can_be_told_to_create_and_never_to_replace(client: AsyncClient) -> None:
    only_new = {"If-None-Match": "*"}
    created = await client.put(PATH, json=pattern(), headers=only_new)
    assert created.status_code == 201
    problem(await client.put(PATH, json=CHANGED, headers=only_new), 412)
    problem(await client.put(PATH, json=pattern(), headers=only_new), 412)
    assert (await client.get(PATH)).json() == created.json()


@pytest.mark.parametrize("tags", ["*", '"1-1"'])
async def test_put_can_be_told_to_replace_and_never_to_create(
    client: AsyncClient, tags: str
) -> None:
    problem(await client.put(PATH, json=pattern(), headers={"If-Match": tags}), 412)
    assert await total(client) == 0


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_condition_on_what_is_not_there_does_not_hold(
    client: AsyncClient, method: str
) -> None:
    refused = await change(client, method, {"If-Match": "*"})
    problem(refused, 404)


async def test_several_header_lines_are_one_list(client: AsyncClient) -> None:
    await store(client, pattern(pattern_id="a"))
    lines = [("If-Match", '"0-0"'), ("If-Match", '"1-1"')]
    assert (await client.patch(PATH, json=CHANGED, headers=lines)).status_code == 200
