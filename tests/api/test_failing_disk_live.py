"""A disk that is full or damaged: nothing acknowledged is lost, nothing broken looks whole."""

import json
import resource
from pathlib import Path

import httpx
import pytest

from tests.api.answers import LINES
from tests.api.commands import pattern_store, succeeded
from tests.api.damage import overwrite_page
from tests.live import LiveService, live_service
from tests.patterns import ndjson, pattern

NO_LIMIT = resource.RLIM_INFINITY


def limit_files(service: LiveService, size: int) -> None:
    """Have the service's writes fail beyond a size of the file, as on a full disk."""
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (size, NO_LIMIT))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux' prlimit")
def test_a_full_disk_refuses_writes_and_loses_nothing(tmp_path: Path) -> None:
    kept = [pattern(pattern_id=f"kept-{n}", x="y" * 1000) for n in range(300)]
    refused = [pattern(pattern_id=f"refused-{n}") for n in range(10)]
    with (
        live_service(tmp_path, PATTERNS_ACCESS_LOG="false") as service,
        httpx.Client(base_url=service.url) as client,
    ):
        assert client.post("/v1/patterns/batch", json=kept).json()["stored"] == 300
        limit_files(service, 64 * 1024)
        for posted in refused:
            answer = client.post("/v1/patterns", json=posted)
            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:pattern-store:problem:storage-unavailable"
            assert answer.headers["retry-after"]
        stream = client.post("/v1/patterns/batch", content=ndjson(refused), headers=LINES)
        assert stream.status_code == 503
        assert (stream.json()["received"], stream.json()["stored"]) == (10, 0)
        assert client.patch("/v1/patterns/kept-1", json={"x": 1}).status_code == 503
        assert client.delete("/v1/patterns/kept-1").status_code == 503
        assert client.get("/v1/patterns/kept-1").json()["x"] == "y" * 1000
        assert client.get("/v1/count").json()["count"] == 300
        assert client.get("/readyz").status_code == 200
        limit_files(service, NO_LIMIT)
        assert client.post("/v1/patterns", json=refused[0]).status_code == 201
        assert client.get("/v1/count").json()["count"] == 301
        said = [line for line in service.log_lines() if line["level"] == "ERROR"]
        assert said
        assert all("request_id" in line for line in said)
        assert service.stop() == 0
    assert succeeded(pattern_store(tmp_path, "check")) == "301 patterns, no problems found\n"


def test_an_export_that_fails_midway_breaks_the_connection(tmp_path: Path) -> None:
    patterns = [pattern(pattern_id=f"p{n}", x=f"mark{n:04}" * 50) for n in range(1500)]
    succeeded(pattern_store(tmp_path, "import", "-", given=ndjson(patterns)))
    overwrite_page(tmp_path / "patterns.db", b"mark1200")
    with live_service(tmp_path) as service:
        lines: list[str] = []
        with httpx.stream("GET", f"{service.url}/v1/export") as export:
            assert export.status_code == 200
            arriving = export.iter_lines()
            with pytest.raises(httpx.RemoteProtocolError):
                lines.extend(arriving)
        found = [json.loads(line)["pattern_id"] for line in lines]
        assert found == [f"p{n}" for n in range(len(found))]
        assert len(found) in range(500, 1200)
        assert httpx.get(f"{service.url}/v1/patterns/p1200").status_code == 503
        assert httpx.get(f"{service.url}/v1/patterns/p0").status_code == 200
        assert httpx.get(f"{service.url}/v1/export?after_seq=1190").status_code == 503
    (tmp_path / "copy.ndjson").write_text("the last whole one")
    result = pattern_store(tmp_path, "export", "copy.ndjson")
    assert result.status == 1
    assert "malformed" in result.errors
    assert (tmp_path / "copy.ndjson").read_text() == "the last whole one"
