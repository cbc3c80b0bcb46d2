"""A source file as its project knows it, wherever the project was checked out."""

import re
from functools import lru_cache

_REMEMBERED = 4096
_SEGMENTS = 2
"""Of a path that are kept: the file, and the folder that tells it from others of its name."""

_CHECKOUT = re.compile(
    r"""
    (?: /(?:app|code|src|source|repo|project|work|workdir|data|build|function|var/task)(?=/)
      | /(?:usr/src/(?:my)?app|github/workspace|var/lib/jenkins/workspace/[^/]+)(?=/)
      | /(?:home/runner/work|__w|builds)/[^/]+/[^/]+
      | /(?:workspaces?|srv|opt|tmp|private/tmp|var/www|var/tmp|mnt)/[^/]+
      | (?:/home/[^/]+|/Users/[^/]+|/root|/c/Users/[^/]+|[A-Za-z]:/Users/[^/]+|~)
        (?:/(?:[Cc]ode|[Pp]rojects?|src|[Rr]epos?|[Dd]ev|Developer|git|github|work|workspaces?
             |Documents|Desktop|[A-Z][A-Za-z]+Projects|source/repos)(?=/[^/]+/[^/]+))?
        (?:/[^/]+(?=/))?
      | [A-Za-z]:/a/[^/]+/[^/]+
      | [A-Za-z]:/(?:agent/_work/\d+|projects?|src|dev|work|builds?)(?:/s(?=/)|/[^/]+)?
    )/
    """,
    re.VERBOSE,
)
"""Where editors, containers and CI services keep a project."""

_ORIGIN = re.compile(
    r"(?:webpack-internal|webpack|rollup|turbopack|app|file|https?|ng|vite|blob)://+(?:[^/]*/)?"
    r"|\(?(?:rsc|app-pages-browser|ssr|action-browser)\)?/"
)
_HASH = re.compile(
    r"[.-](?=[\w-]*\d)[0-9a-fA-F]{8,64}(?=[.-]|$)|[.-](?=\w*[0-9A-Z])[A-Za-z0-9_-]{8}(?=\.\w+$)"
)
_VERSION = re.compile(r"[-@]v?\d[\w.-]*$")
_EXTENSION = re.compile(r"(?:\.(?:min|bundle|chunk|d))?\.[A-Za-z]{1,4}$")
_LAYOUT = frozenset(
    (
        "src",
        "lib",
        "dist",
        "build",
        "out",
        "source",
        "main",
        "app",
        "static",
        "assets",
        "js",
        "chunks",
    )
)
"""Folders that all projects have, and so tell nothing apart."""


@lru_cache(_REMEMBERED)
def short_path(path: str) -> str:
    """The last parts of a path, without the extension, and without what a bundler puts into it."""
    path = path.replace("\\", "/").partition("?")[0]
    path = path.removeprefix("file://")
    if "://" in path or path.startswith("("):
        path = _ORIGIN.sub("", path)
    elif checkout := _CHECKOUT.match(path):
        path = path[checkout.end() :]
    segments = [segment for segment in path.split("/") if segment not in ("", ".", "..")]
    if not segments:
        return path
    file = segments.pop()
    while segments and segments[-1] in _LAYOUT:
        segments.pop()
    file = _EXTENSION.sub("", _HASH.sub("", file)) or file
    return "/".join((*(_VERSION.sub("", each) for each in segments[1 - _SEGMENTS :]), file))
