"""The image and its composition hold what they promise, as far as that shows without an engine."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from app.settings import Settings
from tests.live import live_service
from tests.packaging.image import ROOT, read_image

IMAGE = read_image()
COMPOSITION: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "docker-compose.yml")
SERVICE = COMPOSITION["services"]["pattern-store"]


def tool(name: str) -> str:
    """A program beside the Python that runs the tests, or on the path; else the test skips."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if found := shutil.which(name, path=places):
        return found
    pytest.skip(f"{name} is not installed")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with variables added to those of the tests."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def serve(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run what the image runs, where it is expected to end by itself."""
    return run(sys.executable, "-m", "app", *IMAGE.command()[1:], **environment)


def health(**environment: str) -> subprocess.CompletedProcess[str]:
    """Run the image's health check, by the Python that runs the tests."""
    program, *arguments = IMAGE.healthcheck()
    assert program == "python"
    return run(sys.executable, *arguments, **environment)


def test_hadolint_finds_nothing() -> None:
    linted = run(tool("hadolint"), "--no-color", "-t", "style", "Dockerfile")
    assert (linted.returncode, linted.stdout) == (0, "")


def test_the_composition_is_valid_by_the_compose_specification() -> None:
    checked = run(
        tool("check-jsonschema"),
        *("--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
    )
    assert checked.returncode == 0, checked.stdout


def test_the_image_runs_the_installed_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert IMAGE.command()[0] in project["scripts"]


def test_the_image_installs_pinned_dependencies_only() -> None:
    installs = [command for command in IMAGE.all("RUN") if " install " in command]
    pip = [command for command in installs if command.startswith("pip ")]
    assert [("--require-hashes" in command, "--no-deps" in command) for command in pip] == [
        (True, False),
        (False, True),
    ]


def test_the_build_is_sent_what_it_copies() -> None:
    ignored, *kept = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if not line.startswith(("#", "**"))
    ]
    copied = {
        source
        for copy in IMAGE.all("COPY")
        if not copy.startswith("--from")
        for source in copy.split()[:-1]
    }
    assert ignored == "*"
    assert {line.removeprefix("!") for line in kept} == copied
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_does_not_run_as_root() -> None:
    assert int(IMAGE.last("USER")) > 0


def test_the_image_serves_what_it_exposes() -> None:
    assert IMAGE.environment()["PATTERNS_PORT"] == IMAGE.last("EXPOSE")


def test_the_store_is_on_the_volume() -> None:
    store = Path(urlsplit(IMAGE.environment()["PATTERNS_STORAGE_URL"]).path.removeprefix("/"))
    assert store.parent == Path(IMAGE.last("VOLUME"))


def test_the_image_as_it_is_refuses_to_be_open_to_all() -> None:
    refused = serve({**IMAGE.environment(), "PATTERNS_ALLOW_ANONYMOUS": "false"})
    assert refused.returncode == 1
    assert "PATTERNS_ALLOW_ANONYMOUS=true" in refused.stderr
    assert "PATTERNS_ALLOW_ANONYMOUS" not in IMAGE.environment()


def test_the_composition_starts_and_is_healthy_until_it_is_stopped(tmp_path: Path) -> None:
    replaced = {"PATTERNS_PORT", "PATTERNS_STORAGE_URL"}  # where other things may already be
    environment = IMAGE.environment() | SERVICE["environment"]
    given = {name: value for name, value in environment.items() if name not in replaced}
    with live_service(tmp_path, **given) as service:
        address = urlsplit(service.url)
        assert address.hostname == "0.0.0.0"
        port = str(address.port)
        proxied = {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
        assert health(PATTERNS_PORT=port, **proxied).returncode == 0
        assert service.stop() == 0
    assert health(PATTERNS_PORT=port).returncode == 1


def test_the_composition_is_published_to_its_own_machine_only() -> None:
    port = IMAGE.last("EXPOSE")
    assert SERVICE["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert "network_mode" not in SERVICE


def test_the_composition_keeps_its_patterns_in_a_named_volume() -> None:
    assert SERVICE["volumes"] == [
        f"{name}:{IMAGE.last('VOLUME')}" for name in COMPOSITION["volumes"]
    ]


def test_the_composition_starts_again_by_itself() -> None:
    assert SERVICE["restart"] == "unless-stopped"


def test_a_stop_leaves_time_for_requests_under_way() -> None:
    grace = float(SERVICE["stop_grace_period"].removesuffix("s"))
    assert grace > Settings(_env_file=None).shutdown_seconds
