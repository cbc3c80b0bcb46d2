r"""PHP: `Throwable::__toString`, which prints the error that was raised first before the others.

It names with each function the place of its call; the place of the first is in the error's line.
"""

import re
from functools import lru_cache

from app.learning.languages.language import Language
from app.learning.paths import short_path
from app.learning.stack import LONGEST_NAME, REMEMBERED, Frame, Raised, Section

_CLASS = rf"[A-Z][\w\\]{{0,{LONGEST_NAME}}}"
_LINE = re.compile(
    rf"""
    ^[ \t]*+(?:PHP[ ]+)?\#(?P<number>\d{{1,6}})[ ]
      (?:(?P<file>[^\n(]{{1,500}})\((?P<line>\d++)\)(?:[ ]:[ ]eval\(\)'d[ ]code\(\d+\))?:[ ]
        |\[internal[ ]function\]:[ ])?
      (?P<function>[\w\\{{}}:>@./$-]{{1,{LONGEST_NAME}}}?)(?:\(|$)
  | ^[ \t]*+(?:at[ ]|\d{{1,6}}[ ]++)?(?P<listed>(?:[A-Za-z]:\\)?[^\s:(]{{1,500}}\.php):\d++$
  | (?:^(?:PHP[ ])?|Uncaught[ ]|^Next[ ]|\[object\][ ]\()
      \\?(?P<error>{_CLASS}|(?:Fatal|Parse)[ ]error)(?:\(code:[ ]\d+\))?:[ ]++(?!Uncaught)
      (?P<message>[^\n]{{0,500}}?)[ ](?:in|at)[ ]
      (?P<place>(?:/|[A-Za-z]:\\|phar:)[^\s:"']{{1,500}}+)(?::|[ ]on[ ]line[ ])(?P<place_line>\d++)
  | ^\d{{1,6}}\)[ ](?P<test>[\w\\]{{1,{LONGEST_NAME}}}::\w{{1,{LONGEST_NAME}}})
    """,
    re.MULTILINE | re.VERBOSE,
)
_CLOSURE = re.compile(r"\{closure(?::([^{}]*?)(?:\(\))?(?::\d+)?)?\}|class@anonymous.*?(?=->|::|$)")
_INTERNAL = "[internal function]"
_ELSEWHERE = re.compile(r"(?:^|/)vendor/|^phar:|\.phar/|^\[internal|(?:^|/)phpunit(?:$|/)|/pear/")


def _sections(text: str) -> list[Section]:
    reader = _Reader()
    for line in _LINE.finditer(text):
        if not reader.take(line):
            break
    return reader.sections()


class _Reader:
    """Gathers the chain as it is printed, line by line."""

    def __init__(self) -> None:
        self._printed: list[Section] = []
        self._place = ("", "")  # where what the next line names was running: a file, a line
        self._test: str | None = None

    def take(self, line: re.Match[str]) -> bool:
        """Read a line; whether there is more to read after it."""
        if line["error"]:
            self._begin(Raised(line["error"], line["message"]))
            self._place = line["place"], line["place_line"]
        elif line["test"]:
            if self._test is not None:
                return False  # another test's failure
            self._test = line["test"]
        elif line["listed"]:
            if not self._printed:
                self._begin(None)
            self._printed[-1].frames.append(_frame(line["listed"], ""))
        else:
            self._called(line)
        return True

    def sections(self) -> list[Section]:
        if self._printed:
            self._located()
            if self._test:
                _name_test(self._printed[0].frames, self._test)
        return self._printed[::-1]

    def _begin(self, raised: Raised | None) -> None:
        if self._printed:
            self._located()
        self._printed.append(Section(raised, []))
        self._place = "", ""

    def _located(self) -> None:
        """Of an error without a trace, its place is known."""
        if not self._printed[-1].frames and self._place[0]:
            self._printed[-1].frames.append(_frame(self._place[0], ""))

    def _called(self, line: re.Match[str]) -> None:
        if not self._printed or (line["number"] == "0" and self._printed[-1].frames):
            self._begin(None)
        called_at = line["file"] or "", line["line"] or ""
        is_own = called_at == self._place  # PHP's own functions raise where they are called
        is_internal = is_own or (line["number"] != "0" and not self._place[0])
        file = _INTERNAL if is_internal else self._place[0]
        self._printed[-1].frames.append(_frame(file, line["function"]))
        self._place = called_at


def _name_test(frames: list[Frame], test: str) -> None:
    """PHPUnit lists places alone; the outermost is the test, which it names."""
    if frames and not frames[-1].function:
        module, _, function = test.rpartition("::")
        frames[-1] = Frame(module, function, frames[-1].in_app)


@lru_cache(REMEMBERED)
def _frame(file: str, function: str) -> Frame:
    name = _CLOSURE.sub(r"\1", function)
    owner, _, called = re.sub(r"->|::", "\0", name).rpartition("\0")
    in_app = not _ELSEWHERE.search(file.replace("\\", "/"))
    namespace, _, called = called.rpartition("\\")
    owner = (owner or namespace).strip("\\") or short_path(file)
    return Frame(owner, called or ("{closure}" if function else ""), in_app)


PHP = Language("php", ("#0 ", ".php"), _sections)
