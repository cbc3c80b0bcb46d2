"""From a storage URL to its backend. A new backend is a module and a line in `BACKENDS`.

A backend is loaded when a URL names it, so that the service starts sooner.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from app.errors import StoreNotOpened
from app.metrics import Metrics
from app.storage.base import Storage


@dataclass(frozen=True, slots=True)
class StorageOptions:
    """What backends are told besides their place; each takes what concerns it."""

    synchronous: Literal["full", "normal"] = "full"
    readers: int = 4
    read_only: bool = False
    must_exist: bool = False
    metrics: Metrics = field(default_factory=Metrics)


def _sqlite(path: str, options: StorageOptions) -> Storage:
    from app.storage.sqlite import SQLiteStorage

    return SQLiteStorage(
        path,
        synchronous=options.synchronous,
        readers=options.readers,
        read_only=options.read_only,
        must_exist=options.must_exist,
        metrics=options.metrics,
    )


def _filesystem(path: str, options: StorageOptions) -> Storage:
    from app.storage.filesystem import FilesystemStorage

    return FilesystemStorage(
        path,
        readers=options.readers,
        read_only=options.read_only,
        must_exist=options.must_exist,
        metrics=options.metrics,
    )


BACKENDS: dict[str, Callable[[str, StorageOptions], Storage]] = {
    "sqlite": _sqlite,
    "filesystem": _filesystem,
}


def storage_from(url: str, options: StorageOptions) -> Storage:
    """The storage a URL names, not yet open. Raises StoreNotOpened as `parts_of` does."""
    scheme, path = parts_of(url)
    return BACKENDS[scheme](path, options)


def parts_of(url: str) -> tuple[str, str]:
    """The scheme and the path of a storage URL.

    The form is SQLAlchemy's: after `scheme:///` comes a path, relative unless it begins with
    a further slash. Raises StoreNotOpened where the URL names no backend or no path.
    """
    scheme, separator, path = url.partition(":///")
    if not separator or scheme not in BACKENDS or not path:
        known = ", ".join(f"{name}:///path" for name in BACKENDS)
        raise StoreNotOpened(f"{url!r} names no storage; the forms are: {known}.")
    return scheme, path
