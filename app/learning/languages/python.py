r"""Python: the interpreter's own tracebacks, and what pytest and IPython print in their place.

All print the innermost call last, and the error that was raised first before those it led to.
"""

import re
from functools import lru_cache

from app.learning.languages.language import Language
from app.learning.paths import short_path
from app.learning.stack import LONGEST_NAME, REMEMBERED, Frame, Raised, Section

_ERROR = rf"[A-Za-z_][\w.]{{0,{LONGEST_NAME}}}"
_LINE = re.compile(
    rf"""
    ^[ \t|+]*+File[ ]"(?P<file>[^"\n]{{1,500}})",[ ]line[ ]\d++
      (?:,?[ ]in[ ](?P<function>[^\n]{{1,{LONGEST_NAME}}})|$)
  | ^File[ ](?P<cell_file>[^\n:]{{1,500}}):\d++,[ ]in[ ]
      (?P<cell_function>[^\n(]{{1,{LONGEST_NAME}}})
  | ^(?P<pytest_file>[^\s:"']{{1,500}}\.py):\d++:
      (?:[ ]in[ ](?P<pytest_function>[^\n]{{1,{LONGEST_NAME}}})|[ ](?P<pytest_error>{_ERROR})?$)
  | ^[ >][ ]{{3,}}+(?:async[ ])?def[ ](?P<defined>\w{{1,{LONGEST_NAME}}})
  | ^[ \t|+]*+(?P<start>Traceback[ ]\(most[ ]recent[ ]call[ ]last\):|Exception[ ]Group[ ]Traceback)
  | ^[ ]*+\+[+-]{{3,}}[ ](?P<member>\d++)[ ]-
  | ^[ |]*+(?P<context>During[ ]handling[ ]of[ ]the[ ]above)
  | ^[ |]*+(?P<next>The[ ]above[ ]exception[ ]was[ ]the[ ]direct[ ]cause)
  | ^E[ ]{{3,}}(?P<shown>{_ERROR})(?::[ ](?P<shown_message>[^\n]*))?$
  | ^[ |+]*+(?P<error>(?<![^\n|][ ]){_ERROR})(?::[ ](?P<message>[^\n]*))?$
    """,
    re.MULTILINE | re.VERBOSE,
)
_ELSEWHERE = re.compile(
    r"^<|(?:^|/)(?:site-packages|dist-packages|_pytest)/"
    r"|(?:^|/)lib(?:64)?/python\d|/(?:Python|pypy)[\d.]*/[Ll]ib/|\.zip/|/Versions/\d[\d.]*/lib/"
    r"|(?:^|/)(?:pytest|runpy|threading)\.py$"
)
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
"""Calls of the function around them, and since Python 3.12 not all are calls (PEP 709)."""


def _sections(text: str) -> list[Section]:
    reader = _Reader()
    for line in _LINE.finditer(text):
        if not reader.take(line):
            break
    return reader.sections()


class _Reader:
    """Gathers the chain as it is printed, line by line."""

    def __init__(self) -> None:
        self._chain: list[Section] = []  # from the reported error to its cause
        self._groups = 0  # how much of the chain the groups are, that hold the rest of it
        self._frames: list[Frame] = []
        self._raised: Raised | None = None
        self._defined: str | None = None

    def take(self, line: re.Match[str]) -> bool:
        """Read a line; whether there is more to read after it."""
        kind = line.lastgroup
        if kind in ("file", "function"):  # of a syntax error there is but the file
            self._called(line["file"], line["function"] or "<module>")
        elif kind == "cell_function":
            self._called(line["cell_file"], line["cell_function"])
        elif kind == "defined":
            self._defined = self._defined or line["defined"]
        elif kind == "pytest_function":
            self._called(line["pytest_file"], line["pytest_function"])
        elif kind in ("pytest_file", "pytest_error"):
            if self._defined:
                self._called(line["pytest_file"], self._defined)
        elif kind in ("start", "next"):
            self._end()
        elif kind == "context":
            self._end()
            del self._chain[self._groups :]  # it was being handled: it is not the cause
        elif kind == "member":
            self._end()
            self._groups = len(self._chain)
            return line["member"] == "1"
        elif kind in ("shown", "shown_message"):
            self._raised = self._raised or Raised(line["shown"], line["shown_message"] or "")
        elif self._frames and self._raised is None:
            self._raised = Raised(line["error"], line["message"] or "")
        return True

    def sections(self) -> list[Section]:
        self._end()
        return self._chain

    def _called(self, file: str, function: str) -> None:
        if self._raised and not self._defined and self._frames:
            self._end()  # another traceback, with nothing said of how it follows
        self._defined = None
        if function.strip() not in _COMPREHENSIONS:
            self._frames.append(_frame(file, function))

    def _end(self) -> None:
        if self._frames:
            self._chain.insert(self._groups, Section(self._raised, self._frames[::-1]))
        self._frames, self._raised, self._defined = [], None, None


@lru_cache(REMEMBERED)
def _frame(file: str, function: str) -> Frame:
    path = file.replace("\\", "/")
    name = function.strip().rpartition(".")[2]
    return Frame(short_path(file), name, not _ELSEWHERE.search(path))


PYTHON = Language("python", ('File "', ".py:"), _sections)
