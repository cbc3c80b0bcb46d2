r"""Go: panics, `debug.Stack`, errors that carry a stack (pkg/errors), and failures of `go test`.

The shape is that of the runtime's `traceback`: a function, and in the next line its place.
"""

import re
from functools import lru_cache

from app.learning.languages.language import Language
from app.learning.paths import short_path
from app.learning.stack import LONGEST_NAME, REMEMBERED, Frame, Raised, Section

_LINE = re.compile(
    rf"""
    ^[ ]*+(?:created[ ]by[ ])?(?P<function>[A-Za-z_][^\s:(]{{1,{LONGEST_NAME}}}(?:\([^\n]*)?)
      (?:[ ]in[ ]goroutine[ ]\d+)?
      \n[ \t]++(?P<file>[^\n:]{{0,3}}[^\n:]{{1,500}}\.(?:go|s)):\d++
  | ^[ \t]*+(?P<panic>panic|fatal[ ]error):[ ](?P<message>[^\n]*)
  | [ ]http:[ ](?P<served>panic)[ ]serving[ ]\S{{1,100}}:[ ](?P<served_message>[^\n]*)
  | ^goroutine\ (?P<goroutine>\d+)\ (?:gp=\S+\ m=\S+\ (?:mp=\S+\ )?)?\[
  | ^[ \t]*+(?:---[ ]FAIL:|===[ ](?:RUN|NAME|CONT))[ ]++(?P<test>[^\s(]{{1,{LONGEST_NAME}}})
  | ^[ \t]++(?:Error[ ]Trace:[ \t]*+)?(?P<failed>[^\s:]{{1,500}}\.go):\d++
      (?::[ ](?P<failure>[^\n]*))?$
  | ^[ \t]++Error:[ \t]++(?P<reason>[^\n]*)
    """,
    re.MULTILINE | re.VERBOSE,
)
_ARGUMENTS = re.compile(r"(?<=[^.\n])\([^()\n]*\)$")
_GENERIC = re.compile(r"\[[^\[\]]*\]")
_CLOSURE = re.compile(r"(?:\.(?:func\d+|gowrap\d+|deferwrap\d+|\d+)|-fm|-range\d+)+$")
_RECEIVER = re.compile(r"\(\*?([\w$]+)\)")
_LIBRARY = re.compile(r"/pkg/mod/|/vendor/|@v\d")
_GOROOT = re.compile(r"/[Gg]o[^/]*/(?:[\d.]+/)?(?:libexec/)?src/")
_VERSION = re.compile(r"@v[^/]+|/v\d+(?=[/.]|$)")


def _sections(text: str) -> list[Section]:
    sections: list[Section] = []
    raised: Raised | None = None
    frames: list[Frame] = []
    goroutines = 0
    test: str | None = None
    for line in _LINE.finditer(text):
        if line["panic"] or line["served"]:
            message = (line["message"] or line["served_message"] or "").removesuffix(" [recovered]")
            raised = raised or Raised(line["panic"] or line["served"], message)
        elif line["goroutine"]:
            goroutines += 1  # the first is the one that failed
        elif line["test"]:
            test = line["test"]
        elif line["failed"]:
            if test and not frames:
                frames.append(Frame(_file(line["failed"]), test.partition("/")[0], True))
                raised = raised or Raised("FAIL", line["failure"] or "")
        elif line["reason"]:
            if test and raised and not raised.message:
                raised = Raised("FAIL", line["reason"].strip())
        elif goroutines < 2:
            function = _ARGUMENTS.sub("", line["function"])
            frames.append(_frame(function[:LONGEST_NAME], line["file"]))
    if frames:
        sections.append(Section(raised, frames))
    return sections


def _file(path: str) -> str:
    """A test's file without its folder, which `go test` leaves out and testify does not."""
    return short_path(path).rpartition("/")[2]


@lru_cache(REMEMBERED)
def _frame(function: str, file: str) -> Frame:
    name = function
    while (plain := _GENERIC.sub("", name)) != name:
        name = plain
    name = _VERSION.sub("", _CLOSURE.sub("", name.replace("%2e", ".")))
    folder, slash, last = name.rpartition("/")
    package, _, called = last.partition(".")
    module = folder + slash + package
    return Frame(
        module, _RECEIVER.sub(r"\1", called) or package, _is_in_app(module, file.replace("\\", "/"))
    )


def _is_in_app(module: str, file: str) -> bool:
    """Whether a package is the application's; built with `-trimpath`, files have no root."""
    if _LIBRARY.search(file):
        return False
    first = module.partition("/")[0]
    is_standard = first in _STANDARD and (file.startswith(module) or _GOROOT.search(file))
    return not is_standard


_STANDARD = frozenset(
    """archive bufio bytes cmp compress container context crypto database debug embed encoding
    errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path
    plugin reflect regexp runtime slices sort strconv strings sync syscall testing text time
    unicode unique unsafe vendor panic""".split()  # noqa: SIM905
)
"""First elements of the standard library's packages, and what the runtime calls its `panic`."""


GO = Language("go", ("goroutine ", ".go:", "panic: "), _sections)
