r"""Rust: panics with and without a backtrace, and the chains that anyhow and eyre print.

The shape is that of `std::backtrace`: a numbered function, and in the next line its place.
"""

import re
from functools import lru_cache

from app.learning.languages.language import Language
from app.learning.paths import short_path
from app.learning.stack import LONGEST_NAME, REMEMBERED, Frame, Raised, Section

_PLACE = r"[^\n:']{1,500}"
_LINE = re.compile(
    rf"""
    ^[ ]*+\d{{1,5}}:[ ]++(?:0x[0-9a-f]++[ ]-[ ])?(?P<function>[<\w][^\n]{{1,{LONGEST_NAME}}})
      (?:\n[ ]++at[ ](?P<file>[^\n]{{1,500}}?)(?::\d++){{1,2}}+$)?
  | ^thread[ ]'(?P<thread>[^'\n]{{0,200}})'(?:[ ]\(\d+\))?[ ]panicked[ ]at[ ](?:
        (?P<place>{_PLACE}):\d++:\d++:\n(?P<message>[^\n]*)
      | '(?P<quoted>(?:(?!',[ ])[\s\S]){{0,2000}}+)',[ ](?P<quoted_place>{_PLACE}):\d++:\d++ )
  | ^(?P<error>Error):[ ]?(?P<error_message>[^\n]*)
  | ^(?P<causes>Caused[ ]by):[ ]*(?P<only>[^\n]*)$
  | ^(?P<heading>[A-Z][a-z]++(?:[ ][a-z]++)?):$
  | ^[ ]++(?:\d{{1,3}}:[ ])?(?P<cause>[^\n]{{1,500}})$
    """,
    re.MULTILINE | re.VERBOSE,
)
_HASH = re.compile(r"::h[0-9a-f]{16}\b.*| - .*$|\(\)$")
_CLOSURE = re.compile(r"(?:::)?\{\{?[^{}]*\}\}?(?:\[\d+\])?|(?<=\w)\[[0-9a-f]{16}\]")
_ANGLED = re.compile(r"<[^<>]*>")
_IMPLEMENTED = re.compile(r"^<(?:dyn |impl |&(?:mut )?)?([\w:]+)[^>]*? as ")
_ELSEWHERE = re.compile(
    r"^(?:std|core|alloc|test|tokio\w*|futures\w*|backtrace|anyhow|color_eyre|eyre|rayon\w*|hyper"
    r"|actix\w*|axum|tower\w*|tracing\w*|proptest|rstest|panic_unwind|__rust_\w+|rust_\w+|__libc_\w+"
    r"|_start|main|start_thread|clone3?|start|thread_start|_pthread_\w+|__pthread_\w+|<unknown>"
    r"|_main|___rust_\w+|_rust_\w+|BaseThreadInitThunk|RtlUserThreadStart|invoke_main)(?:::|$)"
)
_LIBRARY = re.compile(r"/rustc/|/\.cargo/|/rustlib/|(?:^|/)library/(?:std|core|alloc)/|/vendor/")


def _sections(text: str) -> list[Section]:
    frames: list[Frame] = []
    raised: list[Raised] = []
    place: Frame | None = None
    listing = False  # the causes of an error
    for line in _LINE.finditer(text):
        if line["place"] or line["quoted_place"]:
            if not raised:  # a further panic comes of the first
                raised.append(Raised("panic", line["message"] or line["quoted"] or ""))
                place = _place(line["place"] or line["quoted_place"], line["thread"])
        elif line["error"]:
            listing = not line["error_message"].strip()  # eyre numbers the error as its causes
            if not listing:
                raised.append(Raised("Error", line["error_message"]))
        elif line["causes"]:
            listing = bool(raised)
            if line["only"]:
                raised.append(Raised("Error", line["only"]))
        elif line["heading"]:
            listing = False
        elif listing and not line["file"] and not _is_path(line["function"]):
            raised.append(Raised("Error", (line["function"] or line["cause"]).strip()))
        elif line["function"] and (frame := _frame(line["function"].strip(), line["file"] or "")):
            listing = False
            frames.append(frame)
    if not frames and place:
        frames.append(place)
    if not frames and not listing:
        return []
    chain = [Section(error, []) for error in raised] or [Section(None, [])]
    chain[-1].frames.extend(frames)
    return chain


def _place(file: str, thread: str) -> Frame:
    """What is known without a backtrace; tests run in threads of their names."""
    path = file.replace("\\", "/")
    test = "" if thread in ("main", "<unnamed>") or "worker" in thread else thread
    return Frame(short_path(file), test.rpartition("::")[2], not _LIBRARY.search(path))


def _is_path(function: str | None) -> bool:
    """Whether this is a function of a backtrace, not the text of an error."""
    return function is not None and (function[0] == "<" or "::" in function.partition(" ")[0])


@lru_cache(REMEMBERED)
def _frame(function: str, file: str) -> Frame | None:
    if " " in function and " as " not in function and "<" not in function:
        return None
    name = _HASH.sub("", function)
    if implemented := _IMPLEMENTED.match(name):
        name = f"{implemented[1]}{name[name.rfind('>::') + 1 :]}"
    name = _CLOSURE.sub("", name)
    while (plain := _ANGLED.sub("", name)) != name:
        name = plain
    name = name.replace("::::", "::").strip(":")
    module, _, called = name.rpartition("::")
    path = file.replace("\\", "/")
    in_app = not _ELSEWHERE.match(name) and not _LIBRARY.search(path)
    return Frame(module or called, called, in_app)


RUST = Language("rust", ("panicked at", "::", "Caused by:"), _sections)
