r"""JavaScript and TypeScript, as V8 (Node.js, Chrome), SpiderMonkey and JavaScriptCore print it.

V8's shape is in its "Stack trace API"; the two others print `function@file:line:column`.
"""

import re
from functools import lru_cache

from app.learning.languages.language import Language
from app.learning.paths import short_path
from app.learning.stack import LONGEST_NAME, REMEMBERED, Frame, Raised, Section

_NAME = rf"{{1,{LONGEST_NAME}}}"
_LINE = re.compile(
    rf"""
    ^[ \t]*+(?:at[ ](?:async[ ])?(?:(?:new[ ])?(?P<called>[^\n()]{_NAME})[ ]\(|\(?)
        |❯[ ](?:(?P<listed>[^\s:/]{_NAME})[ ])?)
      (?P<file>(?:[A-Za-z][\w+.-]{{1,20}}:|[A-Za-z]:\\)?[^\n:]{{1,500}})
      (?::\d++){{2}}+\)?(?=[\s,]|$)
  | ^[ \t]*+at[ ](?:async[ ])?(?P<native>[^\n()]{_NAME})[ ]\((?:<anonymous>|native|index[ ]\d+)\)
  | ^[ \t]*+(?P<gecko>[^\n@():]{{0,{LONGEST_NAME}}})@
      (?P<gecko_file>[^\s@]{{1,500}}?)(?::\d++){{2}}+$
  | ^[ \t]*+(?P<safari>[\w$.]{_NAME})@\[native[ ]code\]$
  | ^[ \t]*+(?:\[cause\]:[ ]|\[errors\]:[ ]\[\n|Caused[ ]by:?[ ])[ ]*+(?:Uncaught[ ])?
      (?P<cause>[A-Za-z_$][\w$.]{_NAME})(?:[ ]\[[\w$]+\])?(?::[ ](?P<cause_message>[^\n]*))?
    """,
    re.MULTILINE | re.VERBOSE,
)
_HEAD = re.compile(
    r"^[ \t●]*(?:error: )?(?:Uncaught (?:\(in promise\) )?|Unhandled \w+ )?(?:\[?[\w$]*\] )?"
    r"([A-Z][\w$]{0,100}(?:Error|Exception|Warning|Rejection)|Error|[A-Z][A-Za-z]{0,100}Error)"
    r"(?: \[[\w$]+\])?(?::[ \t]*|$)",
    re.MULTILINE,
)
_ELSEWHERE = re.compile(
    r"(?:^|/)node_modules/|^(?:node|internal|native|resource|chrome|moz-extension|bun|deno|ext):"
    r"|^(?:internal|node)/|chrome-extension://|/webpack/(?:bootstrap|runtime)|^<anonymous>|/\.pnpm/"
    r"|^(?:module|timers|events|fs|net|vm|util|_stream_\w+|cjs/loader)\.js$|^\[eval\]|^native$"
    r"|(?:^|/)deps/.*\.js$|://deno\.land/|^\(?native code"
)
_ALIAS = re.compile(r" \[as [^\]]*\]$")
_NOISE = re.compile(r"^(?:<anonymous>|anonymous|<computed>)$|\$\d+$|<$")


def _sections(text: str) -> list[Section]:
    sections: list[Section] = []
    for line in _LINE.finditer(text):
        if line.lastgroup in ("cause", "cause_message"):
            sections.append(Section(Raised(line["cause"], line["cause_message"] or ""), []))
            continue
        if not sections:
            sections.append(Section(_head(text[: line.start()]), []))
        sections[-1].frames.append(_called(line))
    return sections


def _called(line: re.Match[str]) -> Frame:
    kind = line.lastgroup
    if kind == "native":
        return _frame("native", line["native"])
    if kind == "safari":
        return _frame("native", line["safari"])
    if kind == "gecko_file":
        return _frame(line["gecko_file"], line["gecko"].rpartition("*")[2])
    return _frame(line["file"], line["called"] or line["listed"] or "")


def _head(text: str) -> Raised | None:
    found = _HEAD.search(text)
    return found and Raised(found[1], text[found.end() :].strip())


@lru_cache(REMEMBERED)
def _frame(file: str, function: str) -> Frame:
    """A frame; of a method only its own name, since V8 names the receiver's class before it."""
    path = file.replace("\\", "/")
    name = _ALIAS.sub("", function).partition("/")[0]
    name = _NOISE.sub("", name.rpartition(".")[2]).strip()
    module = "native" if file == "native" else short_path(file)
    return Frame(module, name or "<anonymous>", not _ELSEWHERE.search(path))


JAVASCRIPT = Language("javascript", ("at ", "@", "❯ "), _sections)
