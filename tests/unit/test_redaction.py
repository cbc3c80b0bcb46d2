"""Secrets are found, look-alikes are left alone, and both soon."""

import time
from copy import deepcopy
from typing import Any

import pytest

from app.metrics import Metrics
from app.service.redaction import MOST_PLACES, Findings, Redaction, redacted_text
from app.service.redaction.rules import may_hold_secrets
from tests.generated import generated
from tests.patterns import REAL_ERRORS, SAMPLE_ERRORS, errors_in, pattern
from tests.secrets import EXAMPLES, HARMLESS, WITH_SECRETS, Example

MEGABYTE = 1 << 20
SECONDS = 15.0
"""For a megabyte; whatever read it twice for each character would take hours."""


def redacted(text: str) -> str:
    """A text as it is stored."""
    posted = pattern("error_occurrence", data={"error_message": text})
    message: str = Redaction(Metrics())(posted)["data"]["error_message"]
    return message


def test_the_labelled_examples_are_many_and_half_of_them_harmless() -> None:
    assert len(EXAMPLES) >= 200
    assert len(WITH_SECRETS) >= 100
    assert len(HARMLESS) >= 100


def test_recall_and_false_positives() -> None:
    missed = [
        example
        for example in WITH_SECRETS
        if any(secret in redacted(example.text) for secret in example.secrets)
    ]
    touched = [example for example in HARMLESS if redacted(example.text) != example.text]
    recall = 1 - len(missed) / len(WITH_SECRETS)
    false_positives = len(touched) / len(HARMLESS)
    print(f"\nrecall {recall:.4f} of {len(WITH_SECRETS)}, "
          f"false positives {false_positives:.4f} of {len(HARMLESS)}")  # fmt: skip
    assert recall >= 0.98, missed
    assert false_positives <= 0.01, touched


def test_of_what_is_found_nearly_always_just_the_secret_is_replaced_by_its_kind() -> None:
    found = [example for example in WITH_SECRETS if redacted(example.text) != example.text]
    exact = [redacted(example.text) == example.expected for example in found]
    assert sum(exact) >= 0.98 * len(exact)


@pytest.mark.parametrize("example", EXAMPLES, ids=[str(place) for place in range(len(EXAMPLES))])
def test_no_text_loses_more_when_it_is_redacted_again(example: Example) -> None:
    once = redacted(example.text)
    assert redacted(once) == once


@pytest.mark.parametrize("example", EXAMPLES, ids=[str(place) for place in range(len(EXAMPLES))])
def test_what_is_not_suspected_holds_nothing(example: Example) -> None:
    for text in (example.text, example.text.replace(" ", "\n"), f"{example.text} = 1"):
        assert may_hold_secrets(text) or redacted_text(text, Findings()) == text


@pytest.mark.parametrize("path", [path for path in (REAL_ERRORS, SAMPLE_ERRORS) if path.exists()])
def test_real_errors_pass_as_they_are(path: Any) -> None:
    redaction = Redaction(Metrics())
    for error in errors_in(path):
        assert redaction(error) is error


def test_patterns_of_a_usual_day_pass_as_they_are() -> None:
    redaction = Redaction(Metrics())
    assert all(redaction(posted) is posted for posted in generated(500))


def test_free_text_is_redacted_at_any_depth_and_nothing_else_is() -> None:
    secret = "password=hunter2"
    posted = pattern(
        pattern_id="password=hunter2".replace("=", ":"),
        version=secret,
        data={"agent": secret, "task_type": secret, "error_message": secret, "more": {secret: 1}},
        context={
            **dict.fromkeys(("project_name", "session_id", "user_id", "git_branch"), secret),
            "tags": [secret],
            "metadata": {"log": [{"line": secret, "number": 1}, secret], "agent": secret},
        },
        beside=secret,
    )
    before = deepcopy(posted)
    clean = "password=[redacted:password]"
    expected = deepcopy(posted)
    expected["data"]["error_message"] = clean
    expected["context"]["metadata"] = {
        "log": [{"line": clean, "number": 1}, clean],
        "agent": clean,
    }
    metrics = Metrics()
    assert Redaction(metrics)(posted) == expected
    assert posted == before, "the pattern that was given is left alone"
    total = metrics.registry.get_sample_value(
        "pattern_store_secrets_redacted_total", {"kind": "password"}
    )
    assert total == 4


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("password", "hunter2", "[redacted:password]"),
        ("DB_PASSWORD", "S3cr3t!", "[redacted:password]"),
        ("apiKey", "9f86d081884c7d659a2f", "[redacted:secret]"),
        ("token", "ghp_" + "a1B2c3D4e5F6" * 3, "[redacted:github-token]"),
        ("password", "required", None),
        ("password", "${DB_PASSWORD}", None),
        ("token", "expired", None),
        ("next_token_kind", "STRING2", None),
        ("password", "", None),
    ],
)
def test_a_member_is_redacted_by_its_name(name: str, value: str, kept: str | None) -> None:
    posted = pattern(context={"metadata": {"env": {name: value}}})
    metadata = Redaction(Metrics())(posted)["context"]["metadata"]
    assert metadata == {"env": {name: kept or value}}


@pytest.mark.parametrize(
    "unit",
    [
        "token=",
        "token=(",
        "password=a1b2c3 ",
        "password='",
        "password=keykey",
        f"password={'key' * 40}! ",
        "eyJaaaaaaaaa.",
        "glpat-",
        "://a:",
        "curl -u ",
        "cookie: sess",
        "login a password ",
        "authorization: bearer ",
        "-----BEGIN PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{'A' * 24}\n",
        '\n"+',
        "a",
        "é",
        " ",
    ],
)
def test_a_megabyte_made_to_be_slow_is_not(unit: str) -> None:
    text = unit * (MEGABYTE // len(unit)) + " password=hunter2"
    begun = time.perf_counter()
    kept = redacted(text)
    taken = time.perf_counter() - begun
    assert "hunter2" not in kept
    assert taken < SECONDS, f"{taken:.1f} s"


@pytest.mark.parametrize("separator", [" ", "\n"])
def test_beyond_a_number_of_places_the_rest_of_a_text_goes_unread(separator: str) -> None:
    text = separator.join([*["password=hunter2"] * (MOST_PLACES + 1), "the end"])
    kept = redacted(text).split(separator)
    assert kept[: MOST_PLACES - 1] == ["password=[redacted:password]"] * (MOST_PLACES - 1)
    assert kept[-1] == "[redacted:unread]"
    assert "hunter2" not in "".join(kept)


def test_other_texts_go_unread_then_only_if_they_may_hold_a_secret() -> None:
    many = ["hunter2hunter2"] * (MOST_PLACES + 10)
    posted = pattern(data={"password": many, "note": "nothing", "seen": "password=hunter2"})
    data = Redaction(Metrics())(posted)["data"]
    assert "hunter2" not in str(data)
    assert data["note"] == "nothing"
    assert data["seen"] == "[redacted:unread]"
