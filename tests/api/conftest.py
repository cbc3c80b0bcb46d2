"""The application under test reads over fewer connections, which makes it quicker to start."""

from typing import Any

import pytest


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    return settings | {"readers": 2}
