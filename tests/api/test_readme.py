"""The README tells the truth: its commands, its output, its tables."""

import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from app.problems import INTERNAL, METHOD_NOT_ALLOWED, NOT_FOUND, TABLE
from app.schemas.data import Context
from app.schemas.fields import PatternType
from app.schemas.patterns import SHAPES
from tests.live import live_service

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf8")

LEARNED_SECONDS = 10.0

_VARYING = (
    (re.compile(r"^date: .*$", re.M), "date: …"),
    (re.compile(r"^x-request-id: .*$", re.M), "x-request-id: …"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"), "…"),
)


def _steady(output: str) -> str:
    for varying, steady in _VARYING:
        output = varying.sub(steady, output)
    return output.replace("\r\n", "\n").strip()


def _console_sessions() -> list[tuple[str, str]]:
    sessions = []
    for block in re.findall(r"```console\n\$ (.*?)\n```", README, re.S):
        command, separator, output = block.partition("}'\n")
        if not separator:
            command, _, output = block.partition("\n")
        sessions.append((command + separator.strip(), output))
    return sessions


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_first_steps_print_what_the_readme_shows(tmp_path: Path) -> None:
    with live_service(tmp_path) as service:
        for command, shown in _console_sessions():
            ready = command.replace("http://127.0.0.1:8000", service.url)
            words = ["curl", "--silent", *shlex.split(ready)[1:]]
            assert _printed(words, shown) == _steady(shown)


def _printed(words: list[str], shown: str) -> str:
    """What a command prints; what asks for what was learned may have to wait for that a moment."""
    until = time.monotonic() + LEARNED_SECONDS
    while True:
        ended = subprocess.run(words, capture_output=True, check=True, text=True)
        printed = _steady(ended.stdout)
        learning = "/resolve" in words[2] or "/search" in words[2]
        if printed == _steady(shown) or not learning or time.monotonic() > until:
            return printed
        time.sleep(0.1)


def test_the_first_steps_are_four_and_asking_is_four_more() -> None:
    assert len(_console_sessions()) == 8


def test_every_problem_is_listed_with_its_status() -> None:
    for kind in (*TABLE.values(), NOT_FOUND, METHOD_NOT_ALLOWED, INTERNAL):
        assert f"| `{kind.name}` | {kind.status} |" in README


def _column(pattern_type: str) -> list[str]:
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in README.splitlines()
        if line.startswith("|")
    ]
    head = next(place for place, row in enumerate(rows) if row[0] == "`task_completion`")
    at = rows[head].index(f"`{pattern_type}`")
    return [row[at] for row in rows[head + 2 : head + 14] if row[at]]


@pytest.mark.parametrize("pattern_type", list(PatternType))
def test_the_field_tables_list_every_field_with_its_rule(pattern_type: PatternType) -> None:
    definitions = TypeAdapter(SHAPES[pattern_type]).json_schema()["$defs"]
    schema: dict[str, Any] = next(
        definition for name, definition in definitions.items() if name.endswith("Data")
    )
    listed = _column(pattern_type)
    assert len(listed) == len(schema["properties"])
    for name, field in schema["properties"].items():
        shown = f"**`{name}`**" if name in schema["required"] else f"`{name}`"
        nullable = {"type": "null"} in field.get("anyOf", ())
        kind = field.get("type") or field["anyOf"][0]["type"]
        kind = ", ".join(field["enum"]) if "enum" in field else kind
        assert f"{shown} {kind}{'?' if nullable else ''}" in listed


def test_the_context_fields_are_listed() -> None:
    section = README[README.index("`context`: ") : README.index("### Problems")]
    for name in TypeAdapter(Context).json_schema()["properties"]:
        assert f"`{name}`" in section
