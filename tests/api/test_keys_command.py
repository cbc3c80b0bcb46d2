"""`pattern-store keys`: made, shown once, listed and revoked; and what they let a service do."""

import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.api.commands import Result, failed, pattern_store, pattern_store_process, succeeded
from tests.api.keys import bearer, id_of
from tests.live import live_service

CREATE = ("keys", "create", "--name", "ci", "--scope")
FILE = "patterns.db.keys.json"


def test_a_key_is_shown_once_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    made = pattern_store(tmp_path, *CREATE, "read")
    text = succeeded(made).strip()
    assert re.fullmatch(r"ps_[0-9a-f]{12}_[\w-]{43}", text)
    assert "once" in made.errors
    secret = text.split("_", 2)[2]
    kept = (tmp_path / FILE).read_text()
    assert secret not in kept
    assert secret not in succeeded(pattern_store(tmp_path, "keys", "list"))
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_the_file_is_its_owners(tmp_path: Path) -> None:
    for scope in ("read", "write"):
        succeeded(pattern_store(tmp_path, *CREATE, scope))
        assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_setting_says_where_the_keys_are(tmp_path: Path) -> None:
    place = tmp_path / "secrets" / "keys"
    succeeded(pattern_store(tmp_path, *CREATE, "read", PATTERNS_KEYS_FILE=str(place)))
    assert len(json.loads(place.read_text())["keys"]) == 1


def test_keys_are_listed_with_their_state(tmp_path: Path) -> None:
    projects = ("--project", "checkout", "--project", "a [b] c")
    lasting = id_of(succeeded(pattern_store(tmp_path, *CREATE, "read", *projects)))
    ended = id_of(succeeded(pattern_store(tmp_path, *CREATE, "admin", "--expires-in-days", "9")))
    for _ in range(2):
        assert ended in succeeded(pattern_store(tmp_path, "keys", "revoke", ended))
    _, first, second = succeeded(pattern_store(tmp_path, "keys", "list")).splitlines()
    for word in (lasting, "ci", "read", "checkout, a [b] c", "never", "active"):
        assert word in first
    for word in (ended, "ci", "admin", "all", "revoked"):
        assert word in second
    assert "never" not in second


def test_without_keys_the_list_says_what_that_means(tmp_path: Path) -> None:
    assert "anyone" in succeeded(pattern_store(tmp_path, "keys", "list"))


@pytest.mark.parametrize(
    "words",
    [
        ("--scope", "read"),
        ("--name", "ci"),
        ("--name", "ci", "--scope", "all"),
        ("--name", "", "--scope", "read"),
        ("--name", "ci", "--scope", "admin", "--project", "checkout"),
        ("--name", "ci", "--scope", "read", "--project", ""),
        ("--name", "ci", "--scope", "read", "--expires-in-days", "0"),
        ("--name", "ci", "--scope", "read", "--requests-per-minute", "0"),
    ],
    ids=" ".join,
)
def test_what_can_be_no_key_is_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    failed(pattern_store(tmp_path, "keys", "create", *words), status=2)
    assert not list(tmp_path.iterdir())


def test_an_unknown_key_cannot_be_revoked(tmp_path: Path) -> None:
    assert "keys list" in failed(pattern_store(tmp_path, "keys", "revoke", "0123456789ab"))
    succeeded(pattern_store(tmp_path, *CREATE, "read"))
    assert "keys list" in failed(pattern_store(tmp_path, "keys", "revoke", "0123456789ab"))


def test_a_damaged_file_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    for words in ((*CREATE, "read"), ("keys", "list"), ("keys", "revoke", "x"), ("serve",)):
        assert FILE in failed(pattern_store_process(tmp_path, *words))
    assert (tmp_path / FILE).read_text() == "{"
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_keys_made_at_once_are_all_kept(tmp_path: Path) -> None:
    def make(_: int) -> Result:
        return pattern_store_process(tmp_path, *CREATE, "read")

    with ThreadPoolExecutor(6) as pool:
        made = {id_of(succeeded(result)) for result in pool.map(make, range(6))}
    kept = json.loads((tmp_path / FILE).read_text())["keys"]
    assert {key["id"] for key in kept} == made
    assert len(made) == 6


def test_with_a_key_any_address_is_served(tmp_path: Path) -> None:
    key = succeeded(pattern_store(tmp_path, *CREATE, "read")).strip()
    with live_service(tmp_path, PATTERNS_HOST="0.0.0.0") as service:
        url = service.url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/v1/count", trust_env=False).status_code == 401
        answer = httpx.get(f"{url}/v1/count", headers=bearer(key), trust_env=False)
        assert answer.json()["count"] == 0


def test_damage_under_a_running_service_is_logged(tmp_path: Path) -> None:
    key = succeeded(pattern_store(tmp_path, *CREATE, "read")).strip()
    with live_service(tmp_path) as service:
        (tmp_path / FILE).write_text("{")
        answer = httpx.get(f"{service.url}/v1/count", headers=bearer(key), trust_env=False)
        assert answer.status_code == 503
        assert [line for line in service.log_lines() if FILE in str(line.get("why"))]
