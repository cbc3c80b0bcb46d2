"""Disks that fill up, or cannot be written, and folders of other people: as real ones as may be."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534


def mount(*arguments: str | Path) -> None:
    """Run mount(8); skip the test where that is not allowed."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount: {done.stderr.strip()}")


def unmount(place: Path) -> None:
    subprocess.run(["umount", "--lazy", place], check=False)


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    """A file system of a size in a folder."""
    place.mkdir()
    mount("-t", "tmpfs", "-o", f"size={size}", "none", place)
    try:
        yield
    finally:
        unmount(place)


def enlarge(place: Path, size: str) -> None:
    """Make room on a small disk."""
    mount("-o", f"remount,size={size}", place)


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """A time in which nothing in a folder can be written."""
    mount("--bind", place, place)
    try:
        mount("-o", "remount,ro,bind", place)
        yield
    finally:
        unmount(place)


@contextmanager
def without_privileges() -> Iterator[Path]:
    """A time in which this process is nobody special, and a folder of its own."""
    folder = Path(tempfile.mkdtemp())
    special = os.geteuid() == 0
    try:
        if special:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        yield folder
    finally:
        if special:
            os.seteuid(0)
        shutil.rmtree(folder)


@contextmanager
def as_owner_of_all() -> Iterator[None]:
    """Within `without_privileges`: a moment with them."""
    special = os.getuid() == 0
    if special:
        os.seteuid(0)
    try:
        yield
    finally:
        if special:
            os.seteuid(NOBODY)
