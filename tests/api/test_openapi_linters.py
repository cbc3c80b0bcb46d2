"""Redocly and Spectral, by their recommended rules, find nothing to say about the document."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.node import FOLDER, run

DOCUMENT = FOLDER.parents[1] / "openapi" / "openapi.json"


def redocly(document: Path) -> set[str]:
    """The rules that a document breaks; warnings count as errors."""
    linted = run(
        "redocly", "lint", "--extends", "recommended-strict", "--format", "json", str(document)
    )
    found = json.loads(linted.stdout)
    assert found["totals"]["warnings"] == found["totals"]["ignored"] == 0
    assert (linted.returncode == 0) is (found["totals"]["errors"] == 0), linted.stderr
    return {problem["ruleId"] for problem in found["problems"]}


def spectral(document: Path) -> set[str]:
    """The rules that a document breaks, hints included."""
    arguments = (
        "--ruleset",
        ".spectral.yaml",
        "--fail-severity",
        "hint",
        "--format",
        "json",
        "--quiet",
    )
    linted = run("spectral", "lint", *arguments, str(document))
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
        (
            redocly,
            {
                "operation-operationId-unique",
                "no-unresolved-refs",
                "no-invalid-media-type-examples",
            },
        ),
        (spectral, {"operation-operationId-unique", "invalid-ref", "oas3-valid-media-example"}),
    ],
)
def test_would_find_what_is_wrong(linter: Linter, rules: set[str], tmp_path: Path) -> None:
    broken: dict[str, Any] = copy.deepcopy(json.loads(DOCUMENT.read_text()))
    broken["paths"]["/healthz"]["get"]["operationId"] = "createPattern"
    broken["components"]["schemas"]["Pattern"]["oneOf"][0]["$ref"] = "#/components/schemas/Nothing"
    broken["components"]["examples"]["PatternCount"]["value"]["count"] = "many"
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(broken))
    assert linter(document) >= rules
