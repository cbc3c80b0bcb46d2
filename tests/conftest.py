"""What most tests work with: an application, a client of it, and a clock they set."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import settings as hypothesis_settings

from app.main import create_app
from app.schemas.timestamps import DAY, parse_timestamp
from app.settings import Settings

hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis_settings.register_profile("search", max_examples=2000, deadline=None)
hypothesis_settings.load_profile("repeatable")  # --hypothesis-profile=search looks further

BACKENDS = {
    "sqlite": "sqlite:///{folder}/patterns.db",
    "filesystem": "filesystem:///{folder}/patterns",
}
"""The URL of a store in a folder, by backend; a further backend is a further line."""


class Clock:
    """A present that tests set, in microseconds since the epoch."""

    def __init__(self, time: str) -> None:
        self.now = parse_timestamp(time)

    def __call__(self) -> int:
        self.now += 1  # no two events at one time
        return self.now

    def advance(self, days: float) -> None:
        """Let days go by."""
        self.now += round(days * DAY)


@pytest.fixture
def clock() -> Clock:
    """The present of the application under test."""
    return Clock("2026-01-15T12:00:00Z")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests of the API run on another backend."""
    parser.addoption("--backend", choices=BACKENDS, default="sqlite", help="under the API's tests")


@pytest.fixture
def storage_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The store of the application under test, on the backend that `--backend` names."""
    return BACKENDS[request.config.getoption("--backend")].format(folder=tmp_path)


@pytest.fixture
def settings(storage_url: str) -> dict[str, Any]:
    """The settings of the application under test; a test module may override this fixture."""
    return {
        "storage_url": storage_url,
        "retention_interval_seconds": 0,
        "compression_interval_seconds": 0,
        "summary_interval_seconds": 0,
    }


@pytest.fixture
async def app(settings: dict[str, Any], clock: Callable[[], int]) -> AsyncIterator[FastAPI]:
    """The application, started."""
    application = create_app(Settings(_env_file=None, **settings), clock)
    async with application.router.lifespan_context(application):
        await application.state.parts.service.storage.ready()
        yield application


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, in its process."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield http
