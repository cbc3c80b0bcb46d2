"""Folders that have become large for what they hold."""

import os
from pathlib import Path
from typing import Any

import pytest

from app.storage.filesystem import folders
from app.storage.filesystem.folders import remove_unfinished, slim

FOLDER = "2025/11/29"


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """A folder with two files, in which there have been many."""
    path = tmp_path / FOLDER
    path.mkdir(parents=True)
    for index in range(300):
        (path / f"{index:0200}").touch()
    for index in range(300):
        (path / f"{index:0200}").unlink()
    for name in "ab":
        (path / name).write_text(name)
    if path.stat().st_size <= 4096:
        pytest.skip("this file system shrinks its folders by itself")
    return path


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_slimmed_folder_takes_a_block_and_holds_the_same_files(day: Path, tmp_path: Path) -> None:
    inodes = {path.name: path.stat().st_ino for path in day.iterdir()}
    slim(tmp_path, FOLDER)
    assert day.stat().st_size <= 4096
    assert contents(day) == {"a": "a", "b": "b"}
    assert {path.name: path.stat().st_ino for path in day.iterdir()} == inodes
    assert os.listdir(day.parent) == [day.name]


def test_a_slim_folder_is_left_alone(day: Path, tmp_path: Path) -> None:
    slim(tmp_path, FOLDER)
    before = day.stat().st_ino
    slim(tmp_path, FOLDER)
    assert day.stat().st_ino == before


def test_files_put_there_meanwhile_come_along(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = folders._exchange

    def exchange_late(one: Path, other: Path) -> None:
        (one / "c").write_text("c")
        (one / "new b").write_text("newer")
        os.replace(one / "new b", one / "b")
        exchange(one, other)

    monkeypatch.setattr(folders, "_exchange", exchange_late)
    slim(tmp_path, FOLDER)
    assert contents(day) == {"a": "a", "b": "newer", "c": "c"}
    assert day.stat().st_size <= 4096


def test_where_folders_cannot_be_exchanged_all_stays_as_it_is(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_libc", object())
    slim(tmp_path, FOLDER)
    assert contents(day) == {"a": "a", "b": "b"}
    assert os.listdir(day.parent) == [day.name]


def test_a_folder_with_a_folder_in_it_stays_as_it_is(day: Path, tmp_path: Path) -> None:
    (day / "own").mkdir()
    slim(tmp_path, FOLDER)
    assert sorted(os.listdir(day)) == ["a", "b", "own"]
    assert os.listdir(day.parent) == [day.name]


@pytest.mark.parametrize("step", ["mkdir", "link", "sync_folder", "_exchange", "_dissolve"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_step_loses_nothing_and_the_next_start_clears_up(
    day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    class Killed(BaseException):
        pass

    place: Any = {"mkdir": Path, "link": os}.get(step, folders)
    work = getattr(place, step)

    def die(*arguments: object, **options: object) -> None:
        if when == "after":
            work(*arguments, **options)
        raise Killed

    monkeypatch.setattr(place, step, die)
    with pytest.raises(Killed):
        slim(tmp_path, FOLDER)
    monkeypatch.undo()
    assert contents(day) == {"a": "a", "b": "b"}
    remove_unfinished(tmp_path, str(Path(FOLDER).parent))
    assert contents(day) == {"a": "a", "b": "b"}
    assert os.listdir(day.parent) == [day.name]
