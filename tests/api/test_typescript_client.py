"""A client generated from the document is fully typed, and works."""

from pathlib import Path

import pytest

from tests.live import live_service
from tests.node import FOLDER, run

DOCUMENT = FOLDER.parents[1] / "openapi" / "openapi.json"


@pytest.fixture(scope="module")
def program() -> str:
    """The compiled program.

    `refused.ts` is compiled with it, which fails unless the types refuse each mistake in there.
    """
    generated = run("openapi-typescript", str(DOCUMENT), "--output", "generated/api.d.ts")
    assert generated.returncode == 0, generated.stderr
    compiled = run("tsc", "--project", ".")
    assert compiled.returncode == 0, compiled.stdout
    return "dist/main.js"


def test_a_typed_program_works_with_the_service(program: str, tmp_path: Path) -> None:
    with live_service(tmp_path) as service:
        told = run("node", program, service.url)
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [
        "ok postsEachTypeAndReadsItBack",
        "ok sendsABatchOfLines",
        "ok findsByFilters",
        "ok asksWhichAgentDoesBest",
        "ok addsAResolution",
        "ok asksWhatFixedAnErrorAndTellsThatItWorked",
        "ok checksAnOutputBeforeItIsGiven",
        "ok mergesAndSplitsGroupsOfErrors",
        "ok readsAnExport",
        "ok isToldWhatToChange",
    ]
