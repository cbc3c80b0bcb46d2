"""Redocly and Spectral, by their recommended rules, find nothing to say about the document."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.node import FOLDER, run

DOCUMENT = FOLDER.parents[1] / "openapi" / "openapi.json"


def redocly(document: Path) -> set[str]:
    """The rules that a document breaks; warnings count as errors."""
    options = ("--extends=recommended-strict", "--format=json")
    linted = run("redocly", "lint", *options, str(document))
    found = json.loads(linted.stdout)
    assert found["totals"]["warnings"] == found["totals"]["ignored"] == 0
    assert (linted.returncode == 0) is (found["totals"]["errors"] == 0), linted.stderr
    return {problem["ruleId"] for problem in found["problems"]}


def spectral(document: Path) -> set[str]:
    """The rules that a document breaks, hints included."""
    options = ("--ruleset=.spectral.yaml", "--fail-severity=hint", "--format=json", "--quiet")
    linted = run("spectral", "lint", *options, str(document))
    found = json.loads(linted.stdout)
    assert (linted.returncode == 0) is (not found), linted.stderr
    return {finding["code"] for finding in found}


Linter = Callable[[Path], set[str]]


@pytest.mark.parametrize("linter", [redocly, spectral])
def test_finds_nothing(linter: Linter) -> None:
    assert linter(DOCUMENT) == set()


@pytest.mark.parametrize(
    ("linter", "rules"),
    [
        (redocly, {"no-unresolved-refs", "no-invalid-media-type-examples"}),
        (spectral, {"invalid-ref", "oas3-valid-media-example"}),
    ],
)
def test_would_find_what_is_wrong(linter: Linter, rules: set[str], tmp_path: Path) -> None:
    broken: dict[str, Any] = json.loads(DOCUMENT.read_text())
    broken["paths"]["/healthz"]["get"]["operationId"] = "createPattern"
    broken["components"]["schemas"]["Pattern"]["oneOf"][0]["$ref"] = "#/components/schemas/Nothing"
    broken["components"]["examples"]["PatternCount"]["value"]["count"] = "many"
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(broken))
    assert linter(document) >= rules | {"operation-operationId-unique"}
