r"""Ruby: `Exception#full_message`, and what RSpec, Minitest and Rails print of a backtrace."""

import re
from functools import lru_cache

from app.learning.languages.language import Language
from app.learning.paths import short_path
from app.learning.stack import LONGEST_NAME, REMEMBERED, Frame, Raised, Section

_ERROR = rf"[A-Z][\w:]{{0,{LONGEST_NAME}}}"
_LINE = re.compile(
    rf"""
    ^[ \t\#]*+(?:\d+:[ ])?(?:from[ ])?(?P<file>(?:[A-Za-z]:)?[^\s:'"]{{1,500}}):\d++
      :in[ ][`'](?P<function>[^\n']{{1,{LONGEST_NAME}}})'
      (?::[ ](?P<message>[^\n]*?)(?:[ ]\((?P<error>{_ERROR})\))?)?$
  | ^[ \t]++\#[ ]++(?P<place>[^\s:'"]{{1,500}}\.rb):\d++$
  | ^[ \t]*+(?:\#[ ])?(?P<cause>---[ ]Caused[ ]by:[ ]---|Caused[ ]by:?)
      (?:[ ](?P<cause_error>{_ERROR})(?::[ ](?P<cause_message>[^\n]*))?)?
    """,
    re.MULTILINE | re.VERBOSE,
)
_HEAD = re.compile(
    r"^[ \t#]*((?!Failure/)[A-Z]\w{0,100}(?:::[A-Z]\w{0,100}){0,10})(?: \(([^\n]*)\))?:"
    r"(?:[ \t]*\n)?[ \t#]*([^\n]*)$",
    re.MULTILINE,
)
_SCOPE = re.compile(r"(?:(?:block|rescue|ensure)(?: \(\d+ levels\))? in )+|<class:|<module:")
_ELSEWHERE = re.compile(
    r"(?:^|/)(?:gems|rubygems|bundler|vendor/bundle|vendor/ruby)/|^<internal:|/lib/ruby/|^\(?eval"
    r"|(?:^|/)bin/|^-e$|/bundled_gems\.rb$|(?:^|/)(?:minitest|rspec-core|rspec-\w+)[\d./-]"
)


def _sections(text: str) -> list[Section]:
    sections: list[Section] = []
    outermost_first = "most recent call last" in text
    end = 0
    for line in _LINE.finditer(text):
        if line["cause"]:
            error = line["cause_error"]
            sections.append(
                Section(Raised(error, line["cause_message"] or "") if error else None, [])
            )
            end = line.end()
            continue
        file, function = line["file"] or line["place"], line["function"] or ""
        if line["error"] and sections and not outermost_first:
            sections.append(Section(Raised(line["error"], line["message"]), []))
        elif not sections:
            raised = Raised(line["error"], line["message"]) if line["error"] else None
            sections.append(Section(raised or _head(text[: line.start()]), []))
        elif line["error"]:
            sections[0] = Section(Raised(line["error"], line["message"]), sections[0].frames)
        elif not sections[-1].frames and sections[-1].raised is None and end:
            sections[-1] = Section(_head(text[end : line.start()]), [])
        sections[-1].frames.append(_frame(file, function))
    if outermost_first and sections:
        sections[0].frames.reverse()
    return sections


def _head(text: str) -> Raised | None:
    found = _HEAD.search(text)
    return found and Raised(found[1], found[2] or found[3])


@lru_cache(REMEMBERED)
def _frame(file: str, function: str) -> Frame:
    """A frame; since Ruby 3.4 the class is printed with the method, before that it was not."""
    path = file.replace("\\", "/")
    name = re.split(r"[#.](?=\S)|::", _SCOPE.sub("", function).rstrip(">"))[-1]
    if name.startswith("<top"):
        name = "<main"
    return Frame(short_path(file), name.removeprefix("<"), not _ELSEWHERE.search(path))


RUBY = Language("ruby", (".rb:", ":in `", ":in '"), _sections)
