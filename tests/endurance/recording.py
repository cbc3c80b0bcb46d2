"""Recording what a storage asks of the disk, call by call."""

import io
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any, TypeAlias
from unittest.mock import patch

from app.storage.filesystem import durable, folders
from tests.endurance.disk import BASE, Content, Entries, Node, Sync

Event: TypeAlias = Entries | Content | Sync | Any

_MEANS = ("durable.py", "folder.py")
_SCRIPT = str(Path(__file__).with_name("scripted.py"))
_HERE = os.sep.join(("app", "storage"))


@dataclass
class Recording:
    """The calls below a folder, in their order, and between them whatever else is noted."""

    base: Path
    events: list[Event] = field(default_factory=list)
    directories: set[Node] = field(default_factory=lambda: {BASE})
    lock: RLock = field(default_factory=RLock)
    _names: dict[tuple[Node, str], Node] = field(default_factory=dict)
    _contents: dict[Node, bytes] = field(default_factory=dict)
    _by_inode: dict[int, Node] = field(default_factory=dict)
    _made: Node = BASE

    def __post_init__(self) -> None:
        self._by_inode[self.base.stat().st_ino] = BASE

    def made(self, path: Any, *, directory: bool) -> None:
        """A file or directory was created."""
        self._made += 1
        if directory:
            self.directories.add(self._made)
        self._by_inode[os.stat(path).st_ino] = self._made
        self._rename({self._place(path): self._made})

    def linked(self, old: Any, new: Any) -> None:
        """A file got a further name."""
        self._rename({self._place(new): self._names[self._place(old)]})

    def renamed(self, old: Any, new: Any) -> None:
        """A name was changed, and perhaps another replaced."""
        self._rename({self._place(old): None, self._place(new): self._names[self._place(old)]})

    def exchanged(self, one: Any, other: Any) -> None:
        """Two names changed places."""
        here, there = self._place(one), self._place(other)
        self._rename({here: self._names[there], there: self._names[here]})

    def removed(self, path: Any, folder: int | None) -> None:
        """A name was removed."""
        self._rename({self._place(path, folder): None})

    def wrote(self, descriptor: int, data: bytes) -> None:
        """Bytes were added to a file."""
        if (node := self._node(descriptor)) is not None:
            self.set(node, self._contents.get(node, b"") + data)

    def cut(self, descriptor: int, size: int) -> None:
        """A file was cut."""
        if (node := self._node(descriptor)) is not None:
            self.set(node, self._contents.get(node, b"")[:size])

    def set(self, node: Node, content: bytes) -> None:
        """A file is now this."""
        self._contents[node] = content
        self.events.append(Content(node, content))

    def synced(self, descriptor: int) -> None:
        """A file or directory was synced."""
        if (node := self._node(descriptor)) is not None:
            kind = "file"
            if node in self.directories:
                path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
                kind = f"folder of depth {len(path.relative_to(self.base).parts)}"
            site = _site()
            self.events.append(Sync(node, site and f"{kind}: {site}"))

    def concerns(self, path: Any) -> bool:
        """Whether a path is one of the storage's, but for its index and its lock."""
        parts = Path(path).parts
        return parts[: len(self.base.parts)] == self.base.parts and ".lock" not in parts

    def _rename(self, names: dict[tuple[Node, str], Node | None]) -> None:
        for key, node in names.items():
            if node is None:
                self._names.pop(key, None)
            else:
                self._names[key] = node
        self.events.append(Entries(names))

    def _node(self, descriptor: int) -> Node | None:
        return self._by_inode.get(os.fstat(descriptor).st_ino)

    def _place(self, path: Any, folder: int | None = None) -> tuple[Node, str]:
        """The directory that a path's last name is in, and that name."""
        if folder is not None:
            return self._by_inode[os.fstat(folder).st_ino], os.fspath(path)
        node = BASE
        *parents, name = Path(path).relative_to(self.base).parts
        for parent in parents:
            node = self._names[node, parent]
        return node, name


class _AtOnce:
    """An executor that does what it is given before it comes back, in the caller's thread."""

    def submit(self, work: Any, *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*arguments))
        except OSError as error:
            future.set_exception(error)
        return future


@contextmanager
def recording(base: Path) -> Iterator[Recording]:
    """A time in which all calls below a folder are recorded."""
    record = Recording(base)
    calls: dict[str, Any] = {name: getattr(os, name) for name in _recorders(record)}

    def recorded(name: str, note: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            with record.lock:
                result = calls[name](*arguments, **options)
                note(result, *arguments, **options)
                return result

        return call

    real_open, real_exchange = io.open, folders._exchange

    def open_file(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        with record.lock:
            ours = set(mode) & {"w", "a", "x", "+"} and record.concerns(file)
            there = os.path.exists(file)
            opened = real_open(file, mode, *arguments, **options)
            if ours and not there:
                record.made(file, directory=False)
            elif ours and "w" in mode:
                record.cut(opened.fileno(), 0)
            return opened

    def exchange(one: Path, other: Path) -> None:
        with record.lock:
            real_exchange(one, other)
            record.exchanged(one, other)

    with (
        patch.multiple(os, **{name: recorded(name, do) for name, do in _recorders(record).items()}),
        patch.object(io, "open", open_file),
        patch.object(folders, "_exchange", exchange),
        patch.object(folders, "_ONE_BLOCK", 0),  # so that every packed folder is slimmed
        patch.object(durable, "_SYNCERS", _AtOnce()),  # so that the stack tells who asked
    ):
        yield record


def _recorders(record: Recording) -> dict[str, Any]:
    """What is noted of each call of `os`."""

    def removed(_: None, path: Any, *, dir_fd: int | None = None) -> None:
        if dir_fd is not None or record.concerns(path):
            record.removed(path, dir_fd)

    return {
        "fsync": lambda _, descriptor: record.synced(descriptor),
        "write": lambda done, descriptor, data: record.wrote(descriptor, bytes(data[:done])),
        "ftruncate": lambda _, descriptor, size: record.cut(descriptor, size),
        "replace": lambda _, old, new: record.renamed(old, new),
        "link": lambda _, old, new, **__: record.linked(old, new),
        "mkdir": lambda _, path, *__: (
            record.made(path, directory=True) if record.concerns(path) else None
        ),
        "unlink": removed,
        "rmdir": removed,
    }


def _site() -> str:
    """Which functions of the storage have asked for this, the innermost first; the first one
    outside of those that only write and sync ends the list. Empty: somebody else has asked."""
    names: list[str] = []
    frame = sys._getframe()
    while (caller := frame.f_back) is not None:
        frame, code = caller, caller.f_code
        if _HERE in code.co_filename:
            if "<" not in code.co_name:
                names.append(code.co_name)
            if not code.co_filename.endswith(_MEANS):
                names[-1] = code.co_qualname
                break
        elif not names and code.co_filename == _SCRIPT:
            break
    return " < ".join(names)
