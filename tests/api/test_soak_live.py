"""Under mixed load with all tasks running: `python -m tests.endurance soak`, in short.

Whether anything grows takes longer to see; here it is that all is asked, and answered rightly.
"""

from pathlib import Path

import pytest

from tests.conftest import BACKENDS
from tests.endurance.soak import run

SECONDS = 12.0


@pytest.mark.parametrize("backend", BACKENDS)
async def test_all_that_is_asked_is_answered_rightly(backend: str, tmp_path: Path) -> None:
    report = await run(tmp_path, backend, SECONDS, seed=1)
    assert report.findings.problems == []
    assert report.findings.asked.keys() >= {"post", "patch", "batch", "query"}
    assert report.tasks.keys() & {"retention", "compression"}, "one at a time, in so short a time"
    assert all(curve.values for curve in report.curves)
    assert "PSS" in str(report)
