"""Whether the service is alive, whether it can serve, and what it counts of itself."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from app.routes import health
from tests.api.answers import problem, store, store_all
from tests.patterns import DATA, pattern

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def metrics(client: AsyncClient) -> Samples:
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: object) -> float:
    wanted = frozenset((label, str(given)) for label, given in labels.items())
    return samples.get((f"pattern_store_{name}", wanted), 0)


async def test_a_service_with_its_store_open_is_alive_and_ready(client: AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_storage_that_hangs_makes_the_service_not_ready_but_alive(
    app: FastAPI, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(app.state.parts.service.storage, "ping", hang)
    monkeypatch.setattr(health, "PING_SECONDS", 0.05)
    refused = await client.get("/readyz")
    problem(refused, 503)
    assert refused.headers["retry-after"]
    assert (await client.get("/healthz")).status_code == 200


async def test_requests_are_counted_by_route_method_and_status(client: AsyncClient) -> None:
    for name in ("a", "b", "c"):
        await store(client, pattern(pattern_id=name))
        await client.get(f"/v1/patterns/{name}")
    await client.get("/v1/patterns/none")
    await client.post("/v1/patterns", json={})
    samples = await metrics(client)
    route = "/v1/patterns/{pattern_id}"
    counted = {
        ("POST", "/v1/patterns", 201): 3,
        ("POST", "/v1/patterns", 422): 1,
        ("GET", route, 200): 3,
        ("GET", route, 404): 1,
    }
    for (method, path, status), number in counted.items():
        labels = {"method": method, "route": path, "status": status}
        assert value(samples, "requests_total", **labels) == number
    assert value(samples, "request_seconds_count", method="GET", route=route) == 4
    assert value(samples, "request_seconds_bucket", method="GET", route=route, le="+Inf") == 4
    assert value(samples, "request_seconds_bucket", method="GET", route=route, le="60.0") == 4
    assert 0 < value(samples, "request_seconds_sum", method="GET", route=route) < 240


async def test_callers_cannot_make_up_labels(client: AsyncClient) -> None:
    for number in range(20):
        await client.get(f"/none-{number}")
        await client.request(f"METHOD{number}", f"/none/{number}")
        await client.request(f"METHOD{number}", "/v1/patterns")
        await client.get("/", headers={"Host": f"evil-{number}.example"})
    samples = await metrics(client)
    counters = [labels for name, labels in samples if name == "pattern_store_requests_total"]
    assert len(counters) < 10


async def test_patterns_are_counted_by_type_when_they_are_stored(client: AsyncClient) -> None:
    for number, name in enumerate(DATA):
        await store_all(client, [pattern(name, pattern_id=f"{name}-{n}") for n in range(number)])
    await client.post("/v1/patterns/batch", json=[pattern("user_correction", pattern_id="x"), {}])
    await client.post("/v1/patterns", json=pattern("user_correction", pattern_id="x"))
    samples = await metrics(client)
    for number, name in enumerate(DATA):
        expected = number + (name == "user_correction")
        assert value(samples, "patterns_stored_total", pattern_type=name) == expected


async def test_batches_commits_and_the_store_are_measured(client: AsyncClient) -> None:
    before = await metrics(client)
    await client.post("/v1/patterns/batch", json=[pattern() for _ in range(30)] + [{}])
    await client.post("/v1/patterns/batch", json=[])
    after = await metrics(client)
    assert value(after, "batch_patterns_count") - value(before, "batch_patterns_count") == 2
    assert value(after, "batch_patterns_sum") - value(before, "batch_patterns_sum") == 31
    assert value(after, "commit_seconds_count") > value(before, "commit_seconds_count")
    assert value(after, "store_bytes") > 0


async def test_it_is_told_when_all_has_been_learned(client: AsyncClient) -> None:
    await client.post("/v1/patterns", json=pattern("error_occurrence"))
    async with asyncio.timeout(30):
        for learner in ("errors", "corrections"):
            while value(await metrics(client), "learning_seconds_behind", learner=learner):
                await asyncio.sleep(0.05)


async def test_waiting_posts_share_a_commit(client: AsyncClient) -> None:
    await asyncio.gather(*[client.post("/v1/patterns", json=pattern()) for _ in range(40)])
    samples = await metrics(client)
    assert value(samples, "commit_writes_sum") >= 40  # with those of whoever learns
    assert value(samples, "commit_writes_count") < 40


async def test_a_broken_off_batch_is_measured_too(client: AsyncClient) -> None:
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    await client.post("/v1/patterns/batch", content=b"no gzip", headers=headers)
    assert value(await metrics(client), "batch_patterns_count") == 1


async def test_runs_of_tasks_are_counted(client: AsyncClient, app: FastAPI) -> None:
    await client.post("/v1/lifecycle/retention")
    samples: Any = await metrics(client)
    assert value(samples, "task_runs_total", task="retention", result="done") == 1
