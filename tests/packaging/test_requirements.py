"""What is installed is pinned, and comes from whichever index its user has set up."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# In pieces, or this file would be the first to name them.
ADDRESSES = tuple(
    "".join(pieces)
    for pieces in (
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
        ("registry.npmjs", ".org"),
        ("registry.yarnpkg", ".com"),
        ("deb.debian", ".org"),
        ("--index", "-url"),
        ("--extra-index", "-url"),
        ("--find", "-links"),
    )
)


def pins_of(name: str) -> dict[str, Requirement]:
    """The requirements of a file by their names, each of which must be pinned and hashed."""
    text = (ROOT / name).read_text().replace("\\\n", "")
    pins: dict[str, Requirement] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        pin, *hashes = line.split("--hash=")
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}\s*", digest) for digest in hashes)
        requirement = Requirement(pin)
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        pins[canonicalize_name(requirement.name)] = requirement
    return pins


def assert_pinned(dependencies: Iterable[str], pins: dict[str, Requirement]) -> None:
    """Each dependency has a pin that fits it."""
    for dependency in map(Requirement, dependencies):
        (pin,) = pins[canonicalize_name(dependency.name)].specifier
        assert dependency.specifier.contains(pin.version), dependency


def test_every_dependency_is_pinned_by_hash() -> None:
    assert_pinned(PROJECT["dependencies"], pins_of("requirements.txt"))


def test_every_dependency_of_the_tests_is_pinned_by_hash() -> None:
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    assert_pinned(wanted, pins_of("requirements-test.txt"))


def test_the_tests_run_on_the_pins_of_the_image() -> None:
    tested = pins_of("requirements-test.txt")
    for name, pin in pins_of("requirements.txt").items():
        assert tested[name].specifier == pin.specifier


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_no_file_names_a_registry() -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listing.stdout.split("\0")):
        path = ROOT / name
        if path.is_file():  # one may just have been deleted
            content = path.read_bytes().decode(errors="replace")
            assert not [address for address in ADDRESSES if address in content], name
