"""`pattern-store resolve`: a stack trace in, what fixed it out."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.commands import Result, failed, pattern_store, succeeded
from tests.api.keys import bearer, make_key
from tests.live import live_service
from tests.patterns import pattern

TRACE = """Traceback (most recent call last):
  File "/srv/shop/app/cart.py", line {line}, in cart_total
    return sum(item.price for item in cart) + cart["fee"]
KeyError: 'fee'
"""
FIX = "Read the cart\x1b[31m with its fee.\nThen add it."
SECONDS = 20.0


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A service that knows what fixed one error."""
    with live_service(tmp_path) as service:
        data = {
            "error_type": "KeyError",
            "error_message": "'fee'",
            "stack_trace": TRACE.format(line=1),
            "resolution": FIX,
        }
        body = pattern("error_occurrence", data=data)
        httpx.post(f"{service.url}/v1/patterns", json=body).raise_for_status()
        yield service.url


def learned(folder: Path, *words: str, **settings: str) -> Result:
    """The command's end, once the error is learned."""
    until = time.monotonic() + SECONDS
    while True:
        result = pattern_store(folder, "resolve", *words, given=TRACE.format(line=9), **settings)
        if result.status == 0 or time.monotonic() > until:
            return result
        time.sleep(0.1)


def test_a_trace_is_told_what_fixed_it(tmp_path: Path, url: str) -> None:
    output = succeeded(learned(tmp_path, "--url", url))
    group, blank, found, *resolution = output.splitlines()
    assert group.startswith("KeyError")
    assert blank == ""
    assert found.startswith("exact, 0.")
    assert "worked 0, failed 0" in found
    assert resolution == ["  Read the cart [31m with its fee.", "  Then add it."]
    answer = json.loads(succeeded(learned(tmp_path, "--url", f"{url}/", "--json")))
    assert answer["candidates"][0]["resolution"] == FIX
    assert answer["group"]["group_id"] in group


def test_a_printed_trace_finds_the_error_that_was_reported_without_its_last_line(
    tmp_path: Path,
) -> None:
    data = {
        "error_type": "KeyError",
        "error_message": "fee",
        "stack_trace": TRACE.format(line=1).rpartition("KeyError")[0],
        "resolution": FIX,
    }
    with live_service(tmp_path) as service:
        body = pattern("error_occurrence", data=data)
        httpx.post(f"{service.url}/v1/patterns", json=body).raise_for_status()
        output = succeeded(learned(tmp_path, "--url", service.url))
    confidence, score = re.split("[,;] ", output.splitlines()[2])[:2]
    assert (confidence, float(score) > 0.6) == ("exact", True)


def test_of_what_is_not_known_it_says_so_and_ends_with_1(tmp_path: Path, url: str) -> None:
    result = pattern_store(tmp_path, "resolve", "--url", url, given="ValueError: no such thing\n")
    assert (result.status, result.errors) == (1, "")
    assert "Nothing is known" in result.output


def test_a_text_that_names_no_error_needs_its_type(tmp_path: Path, url: str) -> None:
    for given in ("", "it broke: badly\n", b"\xff\x00\xfe"):
        words = ("resolve", "--url", url)
        assert "--error-type" in failed(pattern_store(tmp_path, *words, given=given), status=2)
    typed = pattern_store(tmp_path, *words, "--error-type", "OSError", given="it broke: badly\n")
    assert typed.status == 1


@pytest.mark.parametrize(
    "place",
    ["http://127.0.0.1:1", "ftp://127.0.0.1", "127.0.0.1:8000", "http://[::1", "http://x:y"],
)
def test_where_no_service_answers_it_says_so_and_ends_with_2(tmp_path: Path, place: str) -> None:
    result = pattern_store(tmp_path, "resolve", "--url", place, given=TRACE)
    assert place in failed(result, status=2)


def test_a_key_is_taken_from_the_environment(tmp_path: Path, url: str) -> None:
    key = make_key(tmp_path, f"sqlite:///{tmp_path}/patterns.db", "read")
    until = time.monotonic() + SECONDS
    while httpx.get(f"{url}/v1/count").status_code != 401 and time.monotonic() < until:
        time.sleep(0.1)
    assert httpx.get(f"{url}/v1/count", headers=bearer(key)).status_code == 200
    refused = pattern_store(tmp_path, "resolve", "--url", url, given=TRACE)
    assert "401" in failed(refused, status=2)
    assert "KeyError" in succeeded(learned(tmp_path, "--url", url, PATTERNS_KEY=key))
