"""Running `pattern-store` on a store in a folder: in this process, or as a shell does."""

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from app.cli import app

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
"""How long a command may take before a test fails."""


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it wrote."""

    status: int
    output: str
    errors: str


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The process environment, with the store in the folder."""
    inherited = {name: value for name, value in os.environ.items() if "PATTERNS_" not in name}
    return inherited | {
        "PATTERNS_STORAGE_URL": f"sqlite:///{folder}/patterns.db",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
        **settings,
    }


def pattern_store(
    folder: Path, *words: str, given: str | bytes | None = None, **settings: str
) -> Result:
    """Run a command in the folder, with something given on its standard input."""
    unset = {name: None for name in os.environ if "PATTERNS_" in name}
    variables = unset | environment(folder, **settings)
    with contextlib.chdir(folder):
        result = CliRunner().invoke(app, list(words), input=given, env=variables)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Result(result.exit_code, result.stdout, result.stderr)


def pattern_store_process(folder: Path, *words: str, **settings: str) -> Result:
    """The same as a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=folder,
        env=environment(folder, **settings),
        capture_output=True,
        check=False,
        text=True,
        timeout=SECONDS,
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


def succeeded(result: Result) -> str:
    """What a command wrote that ended well."""
    assert result.status == 0, result.errors
    return result.output


def failed(result: Result, status: int = 1) -> str:
    """What a command said that failed, in words for its user."""
    assert result.status == status, result.output + result.errors
    assert "Traceback" not in result.errors
    assert "Aborted" not in result.errors
    assert result.errors
    return result.errors
