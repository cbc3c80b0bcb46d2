"""Traces that no program printed, and those that one printed without end."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.learning.fingerprint import fingerprint_of
from app.learning.trace import MOST_FRAMES, MOST_TEXT, Trace, parse_trace
from tests.traces import Labelled, labelled

FRAGMENTS = (
    "at ",
    "\tat a.b.C.d(E.java:1)\n",
    "Caused by: a.B: ",
    "\tSuppressed: a.B\n",
    'File "',
    "', line 1",
    '  File "a.py", line 1, in b\n',
    "a.py:1: in b\n",
    "Traceback (most recent call last):\n",
    "E   a: b\n",
    "goroutine 1 [",
    "a.b(\n\t/a.go:1\n",
    "panic: ",
    "--- FAIL: a\n",
    "Uncaught A: in /b",
    "#0 a(1): b(\n",
    "[object] (A: x in /",
    "1) A::b\n",
    ":in `",
    "from a:1:in `b': ",
    "::",
    "   0: a::b\n",
    "<a as ",
    "thread 'a' panicked at '",
    "at A.B(C d) in e\n",
    " ---> A.B: ",
    "--- End of inner exception",
    "at <a>b__",
    "@",
    "a@b:1:2\n",
    "at a (b:1:2)\n",
    "[cause]: ",
    "\\n",
    "\r\n",
    "\n",
    " ",
    "\t",
    "| ",
    "$1",
    "..",
    "\0",
    "\ud800",
    "é",
    "(",
    "<",
    "[",
    "2024-01-01T10:00:00Z ",
    "web-1  | ",
)
"""What traces are made of, to be put together in ways in which they are not."""


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join))
def test_whatever_looks_like_a_trace_is_read(text: str) -> None:
    trace = parse_trace(text)
    assert isinstance(trace, Trace)
    assert (trace.language is None) == (not trace.frames)


@given(st.sampled_from(labelled()), st.randoms(use_true_random=False))
def test_a_damaged_trace_is_read(error: Labelled, chance: random.Random) -> None:
    text = error.stack_trace
    start, end = sorted((chance.randrange(len(text)), chance.randrange(len(text))))
    trace = parse_trace(text[:start] + text[end:] + text[start:end])
    assert all(frame.module or frame.function for frame in trace.frames)


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_megabyte_of_it_is_read_in_part(fragment: str) -> None:
    trace = parse_trace(fragment * (1_000_000 // len(fragment)))
    assert len(trace.frames) <= MOST_FRAMES
    assert sum(len(raised.message) for raised in trace.raised) <= MOST_TEXT


def test_noise_is_of_no_language() -> None:
    noise = random.Random(5).randbytes(1_000_000).decode("latin-1")
    assert parse_trace(noise) == Trace(None)
    assert fingerprint_of("Error", "no", noise).group == fingerprint_of("Error", "no", None).group


def test_of_ten_thousand_frames_the_innermost_and_the_outermost_are_kept() -> None:
    frames = "".join(f"\tat a.C{number}.f(C.java:{number})\n" for number in range(1, 10_001))
    trace = parse_trace(f"a.BError: no\n{frames}")
    assert len(trace.frames) == MOST_FRAMES
    assert trace.frames[0].module == "a.C1"
    assert trace.frames[-1].module == "a.C10000"


def test_the_root_cause_is_found_behind_frames_without_end() -> None:
    frame = "\tat a.Loop.turn(Loop.java:1)\n"
    trace = parse_trace(f"a.BError: no\n{frame * 40_000}Caused by: a.CError: why\n{frame * 9}")
    assert [raised.type for raised in trace.raised] == ["a.BError", "a.CError"]
    assert [frame.function for frame in trace.frames] == ["turn"]


def test_a_trace_taken_out_of_json_or_out_of_a_log_is_the_same() -> None:
    text = "a.BError: no\n\tat a.C.f(C.java:1)\n\tat a.D.g(D.java:2)\n"
    lines = text.splitlines()
    same = [
        text.replace("\n", "\\n").replace("\t", "\\t"),
        text.replace("\n", "\r\n"),
        "".join(f"2024-06-01T10:00:00.1234567Z {line}\n" for line in lines),
        "".join(f"web-1  | {line}\n" for line in lines),
    ]
    assert [parse_trace(each) for each in same] == [parse_trace(text)] * len(same)
