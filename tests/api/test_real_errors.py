"""The main job on real input: errors go in once, come back as they were, and are found again."""

import gzip
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import LINES, exactly, without
from tests.oracle import Question, found_by
from tests.patterns import REAL_ERRORS, SAMPLE_ERRORS, errors_in

CORPORA = [path for path in (REAL_ERRORS, SAMPLE_ERRORS) if path.exists()]

QUESTIONS: list[Question] = [
    {"q": "NumberFormatException"},
    {"project_name": "Lang"},
    {"start_date": "2025-09-03", "end_date": "2025-09-13"},
    {"tags": ["java", "junit"]},
    {"error_type": "java.lang.NullPointerException"},
]


CODED = LINES | {"Content-Encoding": "gzip"}


@pytest.fixture(params=CORPORA, ids=["real", "sample"][-len(CORPORA) :])
def path(request: pytest.FixtureRequest) -> Path:
    """A file of errors."""
    found: Path = request.param
    return found


async def ask(client: AsyncClient, question: Question) -> list[dict[str, Any]]:
    """All that a query finds, page by page, the oldest first."""
    params = {**question, "order": "oldest", "limit": 100}
    response = await client.get("/v1/patterns", params=params)
    items = response.json()["items"]
    while response.links:
        response = await client.get(response.links["next"]["url"])
        items += response.json()["items"]
    return list(items)


@pytest.fixture
async def errors(client: AsyncClient, path: Path) -> list[dict[str, Any]]:
    """The errors of the file, stored."""
    response = await client.post("/v1/patterns/batch", content=path.read_bytes(), headers=CODED)  # noqa: ASYNC240
    assert response.status_code == 200
    return errors_in(path)


async def test_a_file_of_errors_is_stored_once(client: AsyncClient, path: Path) -> None:
    coded = path.read_bytes()  # noqa: ASYNC240
    plain, number = gzip.decompress(coded), len(errors_in(path))
    counts = {"received": number, "rejected": 0, "errors": [], "errors_omitted": 0}
    for body, headers, stored in ((plain, LINES, number), (plain, LINES, 0), (coded, CODED, 0)):
        response = await client.post("/v1/patterns/batch", content=body, headers=headers)
        assert response.status_code == 200
        told = {"stored": stored, "duplicates": number - stored}
        assert without(response.json(), "past_retention") == counts | told
    assert (await client.get("/v1/count")).json()["count"] == number


async def test_every_error_comes_back_as_it_was(
    client: AsyncClient, errors: list[dict[str, Any]]
) -> None:
    items = {item["pattern_id"]: item for item in await ask(client, {})}
    assert items.keys() == {error["pattern_id"] for error in errors}
    for error in errors:
        item = items[error["pattern_id"]]
        assert exactly(without(item, "stored", "timestamp")) == exactly(without(error, "timestamp"))
        assert item["timestamp"] == error["timestamp"].replace("Z", ".000000Z")
    single = await client.get(f"/v1/patterns/{errors[7]['pattern_id']}")
    assert single.json() == items[errors[7]["pattern_id"]]


async def test_filters_alone_and_combined_find_what_a_plain_loop_finds(
    client: AsyncClient, errors: list[dict[str, Any]]
) -> None:
    expected = [found_by(question, errors) for question in QUESTIONS]
    assert all(expected), "each question asks for something that is there"
    for number in range(1, len(QUESTIONS) + 1):
        for some in combinations(range(len(QUESTIONS)), number):
            asked = {name: value for place in some for name, value in QUESTIONS[place].items()}
            answer = [name for name in expected[some[0]] if all(name in expected[n] for n in some)]
            items = await ask(client, asked)
            assert [item["pattern_id"] for item in items] == answer, asked
            count = (await client.get("/v1/count", params=asked)).json()
            assert count["count"] == len(answer), asked
