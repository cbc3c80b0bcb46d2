"""A disk as a power failure may leave it: what was synced, and any part of the rest.

The rules are those of POSIX at their strictest: fsync(2) of a file makes its content last, not
its name; fsync(2) of a directory makes its entries last, not what is in the files.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

Node: TypeAlias = int
"""A file or a directory, whatever names it has; BASE is the directory all are in."""

BASE: Node = 0


@dataclass(frozen=True)
class Entries:
    """A change to names, made whole or not at all: which node each (directory, name) leads to.

    None: it is gone. A sync of one of the directories makes it last.
    """

    names: dict[tuple[Node, str], Node | None]


@dataclass(frozen=True)
class Content:
    """A change to a file: what it is afterwards."""

    node: Node
    content: bytes


@dataclass(frozen=True)
class Sync:
    """An fsync, and the place in the storage that asked for it; empty where it was not that."""

    node: Node
    site: str


Change: TypeAlias = Entries | Content
Choice: TypeAlias = Callable[[int, Change], float]
"""How much of a change that was not synced, by its place in the recording, reaches the disk:
0 nothing, 1 all, between them a part of the content."""


@dataclass
class Disk:
    """What lasts, and in its order what need not."""

    directories: set[Node] = field(default_factory=lambda: {BASE})
    _names: dict[tuple[Node, str], Node] = field(default_factory=dict)
    _contents: dict[Node, bytes] = field(default_factory=dict)
    _pending: list[tuple[int, Change]] = field(default_factory=list)

    def change(self, place: int, change: Change) -> None:
        """Something was changed, and not synced."""
        self._pending.append((place, change))

    def sync(self, node: Node) -> None:
        """All changes of a file, or of a directory, last from now on."""
        synced = [change for _, change in self._pending if _is_of(change, node)]
        self._pending = [each for each in self._pending if not _is_of(each[1], node)]
        for change in synced:
            _apply(change, 1, self._names, self._contents)

    def after_failure(self, choice: Choice) -> dict[str, bytes | None]:
        """Files and directories (None) by their paths, as they are found when power is back."""
        names, contents = dict(self._names), dict(self._contents)
        for place, change in self._pending:
            _apply(change, choice(place, change), names, contents)
        inside: dict[Node, list[tuple[str, Node]]] = {}
        for (directory, name), node in names.items():
            inside.setdefault(directory, []).append((name, node))
        tree: dict[str, bytes | None] = {}
        open_ones = [("", BASE)]
        for path, directory in open_ones:
            for name, node in inside.get(directory, []):
                below = f"{path}/{name}" if path else name
                if node in self.directories:
                    tree[below] = None
                    open_ones.append((below, node))
                else:
                    tree[below] = contents.get(node, b"")
        return tree


def _is_of(change: Change, node: Node) -> bool:
    if isinstance(change, Content):
        return change.node == node
    return any(directory == node for directory, _ in change.names)


def _apply(
    change: Change,
    share: float,
    names: dict[tuple[Node, str], Node],
    contents: dict[Node, bytes],
) -> None:
    if isinstance(change, Content):
        if share > 0:
            kept = _shared(contents.get(change.node, b""), change.content)
            end = kept + round((len(change.content) - kept) * share)
            contents[change.node] = change.content[:end]
    elif share >= 0.5:
        for key, node in change.names.items():
            if node is None:
                names.pop(key, None)
            else:
                names[key] = node


def _shared(one: bytes, other: bytes) -> int:
    """The bytes at the beginning of both: what is there stays when a file is added to or cut."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
