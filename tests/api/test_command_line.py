"""`pattern-store`: its help, its settings, and what it says when it cannot run."""

import json
import socket
from pathlib import Path

import pytest

from app import __version__
from app.main import create_app
from app.settings import Settings
from tests.api.commands import ROOT, failed, pattern_store, pattern_store_process, succeeded

COMMANDS = {
    "serve": ["--host", "--port", "SIGTERM", "Ctrl-C"],
    "import": [
        "FILE|DIR|-",
        "--preserve",
        "--on-conflict",
        "reject",
        "skip",
        "replace",
        ".gz",
        ".zst",
    ],
    "export": ["FILE|-", "--after-seq", "--deletes", "stdout"],
    "backup": ["DEST", "one moment", "running service"],
    "restore": ["SOURCE", "either kind"],
    "check": ["damage", "status 1"],
    "openapi": ["OpenAPI document"],
}


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert (
        succeeded(pattern_store_process(tmp_path, "--version")) == f"pattern-store {__version__}\n"
    )


def test_the_help_names_every_command(tmp_path: Path) -> None:
    said = succeeded(pattern_store(tmp_path, "--help"))
    for word in (*COMMANDS, "--version", "PATTERNS_"):
        assert word in said


@pytest.mark.parametrize(("command", "words"), COMMANDS.items(), ids=COMMANDS)
def test_each_command_explains_itself(tmp_path: Path, command: str, words: list[str]) -> None:
    said = succeeded(pattern_store(tmp_path, command, "--help"))
    for word in (*words, *(["--storage-url"] if command != "openapi" else [])):
        assert word in said
    assert not list(tmp_path.iterdir()), "asking for help makes no store"


def test_the_openapi_document_is_the_services(tmp_path: Path) -> None:
    printed = json.loads(succeeded(pattern_store(tmp_path, "openapi")))
    assert printed == create_app(Settings(_env_file=None)).openapi()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [["nonsense"], ["serve", "--nonsense"], ["import"]])
def test_a_wrong_command_says_so(tmp_path: Path, command: list[str]) -> None:
    failed(pattern_store(tmp_path, *command), status=2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATTERNS_PORT", "eighty"),
        ("PATTERNS_PORT", "70000"),
        ("PATTERNS_ALLOW_ANONYMOUS", "perhaps"),
        ("PATTERNS_SYNCHRONOUS", "off"),
        ("PATTERNS_DOCS", "some"),
        ("PATTERNS_CORS_ORIGINS", "*"),
        ("PATTERNS_CORS_ORIGINS", "https://app.example/"),
        ("PATTERNS_CORS_ORIGINS", "app.example"),
        ("PATTERNS_READERS", "0"),
        ("PATTERNS_MAX_PATTERN_BYTES", "4MB"),
        ("PATTERNS_MAX_BODY_BYTES", "0"),
        ("PATTERNS_RETENTION_DAYS", "-1"),
        ("PATTERNS_RETENTION_DAYS_BY_TYPE", "90"),
        ("PATTERNS_RETENTION_DAYS_BY_TYPE", "error_occurrence=90"),
        ("PATTERNS_RETENTION_DAYS_BY_TYPE", '{"errors": 90}'),
        ("PATTERNS_RETENTION_DAYS_BY_TYPE", '{"error_occurrence": "long"}'),
        ("PATTERNS_RETENTION_GRACE_DAYS", "week"),
        ("PATTERNS_RETENTION_INTERVAL_SECONDS", "hourly"),
        ("PATTERNS_RETENTION_INTERVAL_SECONDS", "nan"),
        ("PATTERNS_RETENTION_INTERVAL_SECONDS", "inf"),
        ("PATTERNS_SUMMARY_INTERVAL_SECONDS", "-1"),
        ("PATTERNS_SHUTDOWN_SECONDS", "0"),
        ("PATTERNS_SHUTDOWN_SECONDS", "inf"),
        ("PATTERNS_LOG_LEVEL", "loud"),
        ("PATTERNS_ACCESS_LOG", "maybe"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, name: str, value: str) -> None:
    for command in ("check", "openapi"):
        assert name in failed(pattern_store(tmp_path, command, **{name: value}), status=2)
    assert not list(tmp_path.iterdir()), "nothing was begun"


def test_an_option_that_cannot_be_is_named(tmp_path: Path) -> None:
    assert "PORT" in failed(pattern_store_process(tmp_path, "serve", "--port", "70000"), status=2)
    assert "--port" in failed(pattern_store_process(tmp_path, "serve", "--port", "http"), status=2)


@pytest.mark.parametrize(
    "url", ["", "patterns.db", "mysql:///x", "sqlite://", "sqlite:///", "sqlite:/x", "/tmp/x.db"]
)
@pytest.mark.parametrize("command", ["import -", "export copy.ndjson", "check"])
def test_a_storage_url_that_names_nothing_is_explained(
    tmp_path: Path, command: str, url: str
) -> None:
    result = pattern_store(tmp_path, *command.split(), PATTERNS_STORAGE_URL=url)
    assert "sqlite:///" in failed(result)
    assert not list(tmp_path.iterdir())


def test_a_service_without_a_store_does_not_begin(tmp_path: Path) -> None:
    result = pattern_store_process(tmp_path, "serve", "--storage-url", "mysql:///x")
    assert "sqlite:///" in failed(result)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "patterns.example"])
def test_without_keys_only_the_loopback_is_served(tmp_path: Path, host: str) -> None:
    result = pattern_store_process(tmp_path, "serve", "--host", host)
    assert "PATTERNS_ALLOW_ANONYMOUS" in failed(result)
    assert not list(tmp_path.iterdir())


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = pattern_store_process(tmp_path, "serve", "--port", str(port))
    assert result.status != 0
    assert "address already in use" in result.errors
    assert "Traceback" not in result.errors


def test_settings_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PATTERNS_LOG_LEVEL=loud\nOTHER=1\n")
    assert "PATTERNS_LOG_LEVEL" in failed(pattern_store(tmp_path, "check"), status=2)


def test_every_setting_stands_in_the_readme_with_its_default() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf8").splitlines()
    table = [line for line in lines if line.startswith("| `PATTERNS_")]
    names = [f"PATTERNS_{name.upper()}" for name in Settings.model_fields]
    assert [line.split("`")[1] for line in table] == names
    for line, (name, field) in zip(table, Settings.model_fields.items(), strict=True):
        shown = line.split("|")[2].strip().strip("`")
        default = field.default
        if default == ():
            expected = ""
        elif isinstance(default, bool):
            expected = str(default).lower()
        else:
            expected = str(default).removesuffix(".0")
        assert shown == expected, name
