"""Every filter, in each of the calls that take filters, finds what a plain loop would find."""

import json
from random import Random
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.answers import found, store_all
from tests.oracle import Question, found_by
from tests.patterns import pattern
from tests.questions import FILTERS, made_up_patterns, question_about

Pairs = list[tuple[str, str | int | float | bool | None]]

CORPUS = [
    pattern(
        pattern_id="done",
        timestamp="2026-01-01T00:00:00Z",
        data={"agent": "ada", "task_type": "build", "duration_ms": 0},
        context={"project_name": "p", "session_id": "s1", "tags": ["x", "y"]},
    ),
    pattern(
        "agent_usage",
        pattern_id="used",
        timestamp="2026-01-01T23:59:59.999999Z",
        data={"agent_type": "ada", "task_type": "review", "duration_ms": 500, "success": False},
        context={"project_name": "P", "user_id": "u", "environment": "production"},
    ),
    pattern(
        "error_occurrence",
        pattern_id="failed",
        timestamp="2026-01-02T00:00:00Z",
        data={"error_type": "KeyError", "resolution": "ask first"},
        context={"project_name": "p", "session_id": "s2", "tags": ["y", "z"]},
    ),
    pattern(
        "user_correction",
        pattern_id="corrected",
        timestamp="2026-01-02T00:00:00.000001Z",
        data={"agent": "bob", "severity": "minor", "task_type": "build"},
        context={"session_id": "s1", "tags": ["x"], "environment": "staging"},
    ),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "done used failed corrected"),
        ("pattern_type=error_occurrence", "failed"),
        ("pattern_type=error_occurrence&pattern_type=agent_usage", "used failed"),
        ("pattern_id=done&pattern_id=failed&pattern_id=none", "done failed"),
        ("pattern_id=done&pattern_type=agent_usage", ""),
        ("start_date=2026-01-02", "failed corrected"),
        ("start_date=2026-01-01T23:59:59.999999", "used failed corrected"),
        ("start_date=2026-01-02T00:00:00.000001Z", "corrected"),
        ("end_date=2026-01-01", "done used"),
        ("end_date=2026-01-01T23:59:59Z", "done"),
        ("end_date=2026-01-02T00:00:00Z", "done used failed"),
        ("start_date=2026-01-01&end_date=2026-01-01", "done used"),
        ("start_date=20260102", "failed corrected"),
        ("end_date=20260101", "done used"),
        ("start_date=2026-01-02T01:00:00%2B01:00", "failed corrected"),
        ("start_date=2026-01-01T19:00:00-05:00", "failed corrected"),
        ("end_date=2026-01-02T05:30%2B0530", "done used failed"),
        ("start_date=0001-01-01&end_date=9999-12-31", "done used failed corrected"),
        ("start_date=2026-01-02&end_date=2026-01-01", ""),
        ("tags=x", "done corrected"),
        ("tags=x&tags=y", "done"),
        ("tags=x&tags=x", "done corrected"),
        ("any_tags=x&any_tags=z", "done failed corrected"),
        ("tags=y&any_tags=z&any_tags=no", "failed"),
        ("tags=X", ""),
        ("agent=ada", "done used"),
        ("agent=ad", ""),
        ("task_type=build", "done corrected"),
        ("project_name=p", "done failed"),
        ("project_name=P", "used"),
        ("environment=staging", "corrected"),
        ("session_id=s1", "done corrected"),
        ("user_id=u", "used"),
        ("success=true", "done"),
        ("success=false", "used"),
        ("error_type=KeyError", "failed"),
        ("error_type=Key", ""),
        ("severity=minor", "corrected"),
        ("min_duration_ms=0", "done used"),
        ("min_duration_ms=1", "used"),
        ("min_duration_ms=501", ""),
        ("max_duration_ms=0", "done"),
        ("max_duration_ms=500", "done used"),
        ("q=ask", "failed"),
        ("session_id=s1&tags=x&task_type=build&severity=minor", "corrected"),
        ("project_name=p&end_date=2026-01-01&success=true&max_duration_ms=10", "done"),
    ],
)
async def test_each_filter_finds_what_its_definition_says(
    client: AsyncClient, query: str, expected: str
) -> None:
    await store_all(client, CORPUS)
    response = await client.get(f"/v1/patterns?order=oldest&{query}")
    assert response.status_code == 200, response.text
    assert [item["pattern_id"] for item in response.json()["items"]] == expected.split()


async def test_the_field_that_a_type_has_for_its_agent_counts_first(client: AsyncClient) -> None:
    both = {"agent": "ada", "agent_type": "reviewer"}
    await store_all(
        client,
        [
            pattern("task_completion", pattern_id="task", data=both),
            pattern("agent_usage", pattern_id="usage", data=both),
        ],
    )
    assert "task" in await found(client, agent="ada")
    assert "usage" in await found(client, agent="reviewer")


def parameters(question: Question) -> Pairs:
    pairs: Pairs = []
    for name, wanted in question.items():
        for value in wanted if isinstance(wanted, list) else [wanted]:
            pairs.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return pairs


async def answered_by_every_call(client: AsyncClient, asked: Pairs) -> dict[str, Any]:
    """What each call says to the same filters, boiled down to the same."""
    query = await client.get("/v1/patterns", params=[*asked, ("order", "oldest"), ("limit", 1000)])
    newest = await client.get("/v1/patterns", params=[*asked, ("limit", 1000)])
    export = await client.get("/v1/export", params=asked)
    count = (await client.get("/v1/count", params=asked)).json()
    dry = await client.delete("/v1/patterns", params=[*asked, ("dry_run", "true")])
    ids = [item["pattern_id"] for item in query.json()["items"]]
    assert [item["pattern_id"] for item in newest.json()["items"]] == ids[::-1]
    exported = [json.loads(line)["pattern_id"] for line in export.text.splitlines()]
    assert count["relation"] == "eq"
    assert sum(count["by_type"].values()) == count["count"]
    assert dry.json()["deleted"] == 0
    return {
        "query": ids,
        "export": sorted(exported),
        "count": count["count"],
        "delete": dry.json()["matched"],
    }


async def test_all_calls_agree_with_a_plain_loop_on_every_filter(client: AsyncClient) -> None:
    random = Random(20260115)
    corpus = made_up_patterns(random, 150)
    await store_all(client, corpus)
    alone = [[name] for name in FILTERS] * 3
    combined = [random.sample(FILTERS, random.randint(2, 4)) for _ in range(60)]
    not_empty = 0
    for names in alone + combined:
        question = question_about(random.choice(corpus), names, random)
        if not question:
            continue
        expected = found_by(question, corpus)
        not_empty += bool(expected)
        answers = await answered_by_every_call(client, parameters(question))
        assert answers == {
            "query": expected,
            "export": sorted(expected),
            "count": len(expected),
            "delete": len(expected),
        }, question
    assert not_empty > 50, "the questions ask for what is there"
