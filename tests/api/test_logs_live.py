"""What a running service logs: JSON lines, each with the id of the request it belongs to."""

import io
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.live import live_service
from tests.patterns import pattern

MARK = "a value that is nobody's business"


def test_each_request_has_a_line_with_its_id(tmp_path: Path) -> None:
    with live_service(tmp_path) as service, httpx.Client(base_url=service.url) as client:
        asked = [
            client.post("/v1/patterns", json=pattern(pattern_id="a", x=MARK)),
            client.get("/v1/patterns/a", headers={"X-Request-ID": "my:own/1"}),
            client.get("/v1/patterns", params={"session_id": MARK}),
            client.post("/v1/patterns", content=b"{", headers={"Content-Type": "text/plain"}),
            client.get("/none"),
            client.delete("/v1/patterns/a", headers={"Origin": "https://evil.example"}),
        ]
        service.stop()
        lines = service.log_lines()
    written = (tmp_path / "service.log").read_text().splitlines()
    assert all(line.startswith('{"level":"') for line in written), "all can be searched alike"
    requests = {line["request_id"]: line for line in lines if line["message"] == "request"}
    assert len(requests) == len(asked)
    for answer in asked:
        line = requests[answer.headers["x-request-id"]]
        assert line["method"] == answer.request.method
        assert line["path"] == answer.request.url.path
        assert line["status"] == answer.status_code
        assert isinstance(line["ms"], float)
    assert requests["my:own/1"]["status"] == 200
    for line in lines:
        assert {"time", "level", "logger", "message"} <= line.keys()
        assert datetime.fromisoformat(str(line["time"])).tzinfo is not None
        assert MARK not in str(line), "bodies and queries are not logged"


def test_the_start_tells_what_is_stored_and_what_becomes_of_it(tmp_path: Path) -> None:
    with live_service(tmp_path, PATTERNS_RETENTION_DAYS="12") as service:
        opened = None
        while opened is None:  # it comes when all is counted, the first answer may before
            told = [line for line in service.log_lines() if line["message"] == "store opened"]
            opened = told[0] if told else None
    assert opened["patterns"] == 0
    assert "12" in str(opened["retention"])


def test_lines_of_requests_can_be_left_out_and_probes_are(tmp_path: Path) -> None:
    with live_service(tmp_path, PATTERNS_ACCESS_LOG="false") as service:
        httpx.get(f"{service.url}/v1/patterns")
        service.stop()
        assert not [line for line in service.log_lines() if line["message"] == "request"]
    with live_service(tmp_path) as service:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert httpx.get(service.url + path).status_code == 200
        service.stop()
        assert not [line for line in service.log_lines() if line["message"] == "request"]


async def test_a_log_that_nobody_reads_stops_nothing(
    settings: dict[str, Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    caplog.set_level("INFO", logger="app.requests")
    application = create_app(Settings(_env_file=None, **settings))
    async with application.router.lifespan_context(application):
        await application.state.parts.service.storage.ready()
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            monkeypatch.setattr(sys, "stderr", log := Broken())
            assert (await client.get("/v1/patterns")).status_code == 200
    assert '"path":"/v1/patterns"' in log.getvalue()
