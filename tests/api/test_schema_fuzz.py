"""Whatever is asked, the service answers as its OpenAPI document says; schemathesis asks.

Each operation gets the document's examples, every limit of its schemas met and broken, and random
requests, valid and not; then come scenarios in which one answer's ids are the next request's.
No answer may be a 5xx, nor have a status, media type, header or body that the document does not
name; what the schemas allow is taken, and what they forbid is refused.

FUZZ_EXAMPLES=1000 in the environment makes it so many random requests for each operation, and so
many scenarios, others each time.
"""

import json
import os
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import settings
from hypothesis import strategies as st

from app.keys.file import KeysFile
from app.keys.key import Scope, new_key
from app.main import create_app
from app.schemas.timestamps import now
from app.settings import Settings
from tests.api.keys import bearer
from tests.live import live_service

MAY_REFUSE_VALID_REQUESTS = {
    "queryPatterns": "a cursor is opaque, and a made-up one is none",
    "listErrorGroups": "a cursor is opaque, and a made-up one is none",
    "getErrorGroup": "a cursor is opaque, and a made-up one is none",
    "listDecisions": "a cursor is opaque, and a made-up one is none",
    "mergeErrorGroups": "the group it goes into must be there, and be another",
    "splitErrorGroup": "the errors must be of the group, and leave some in it",
    "deletePatterns": "there must be a filter, and `expect` must be the number that matches",
    "runRetention": "`older_than_days=0` needs `force=true`",
    "createPatterns": "the made-up body is not in the coding that the made-up header names",
    "putPattern": "preconditions; also, id, type and timestamp must be those that are there",
    "patchPattern": "preconditions; also, the patched pattern is validated whole",
    "deletePattern": "preconditions",
}
MAY_TAKE_INVALID_BODIES = {
    "createPatterns": "a bad item costs only itself, and is told of in the counts",
    "validatePattern": "any JSON is answered, with what is wrong with it",
}
MAY_ALLOW_OTHER_METHODS = {
    "createPatterns": "`batch` is an id as well, and its path that of a pattern",
    "resolveError": "`resolve` may be an id as well, and its path that of a group",
}
NOT_LIMIT_BY_LIMIT = {
    "createPatterns": "its items are those of createPattern, in three media types: 2,700 requests",
    "putPattern": "its body is that of createPattern: 900 requests",
}
OFF = {"enabled": False}
USUAL = 40
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", USUAL))
IS_REPEATABLE = EXAMPLES == USUAL

CONFIG = schemathesis.Config.from_dict(
    {
        "seed": 1 if IS_REPEATABLE else time.time_ns() % 2**32,
        "generation": {
            "deterministic": IS_REPEATABLE,
            "max-examples": EXAMPLES,
            "database": "none",
        },
        "output": {"sanitization": OFF},
        # Preconditions are judged first, so a bad body may also get a 412.
        "checks": {"negative_data_rejection": {"expected-statuses": ["4XX"]}},
        "operations": [
            {"include-operation-id": operation, "checks": {check: OFF}}
            for check, operations in {
                "positive_data_acceptance": MAY_REFUSE_VALID_REQUESTS,
                "negative_data_rejection": MAY_TAKE_INVALID_BODIES,
                "allow_header_conformance": MAY_ALLOW_OTHER_METHODS,
                "unsupported_method": MAY_ALLOW_OTHER_METHODS,
            }.items()
            for operation in operations
        ]
        + [
            {"include-operation-id": operation, "phases": {"coverage": OFF}}
            for operation in NOT_LIMIT_BY_LIMIT
        ],
    }
)
KEY, KEY_TEXT = new_key("fuzz", Scope.ADMIN, now=now())


@schemathesis.auth()
class Keyed:
    """Requests bring a key, except those that schemathesis makes to see that one is needed."""

    def get(self, case: schemathesis.Case[Any], context: schemathesis.AuthContext) -> str:
        return KEY_TEXT

    def set(
        self, case: schemathesis.Case[Any], data: str, context: schemathesis.AuthContext
    ) -> None:
        case.headers.update(bearer(data))


SCHEMA = schemathesis.openapi.from_dict(
    create_app(Settings(_env_file=None)).openapi(), config=CONFIG
)

# An offset can carry a time out of the years 1 to 9999, and no schema tells leap seconds.
schemathesis.openapi.format("date-time", st.datetimes().map(lambda time: f"{time.isoformat()}Z"))


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def to_lines(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A body of JSON lines; what is no list, as a schema was broken, is one line."""
    items = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@schemathesis.deserializer("application/x-ndjson")
def from_lines(
    context: schemathesis.DeserializationContext, response: schemathesis.Response
) -> list[Any]:
    """The answer's lines, so that they are held against their schema."""
    return [json.loads(line) for line in response.content.splitlines()]


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
) -> None:
    """Send no `3.0` for an integer: JSON Schema takes it for one, the service does not."""
    if isinstance(case.body, dict | list):
        case.body = _whole(case.body)


def _whole(value: Any) -> Any:
    match value:
        case dict():
            return {name: _whole(member) for name, member in value.items()}
        case list():
            return [_whole(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Where schemathesis sends its requests: a service of their own."""
    folder = tmp_path_factory.mktemp("fuzz")
    KeysFile(folder / "patterns.db.keys.json").add(KEY)
    with live_service(folder, PATTERNS_SYNCHRONOUS="normal") as service, requests.Session() as http:
        http.trust_env = False  # no proxy between the two
        yield {"base_url": service.url, "session": http}
        metrics = http.get(f"{service.url}/metrics", headers=bearer(KEY_TEXT)).text
        counts = re.findall(r"^pattern_store_requests_total\{.*\} (\S+)$", metrics, re.M)
        print(f"\n{sum(map(float, counts)):,.0f} requests, seed {CONFIG.seed}")


@SCHEMA.parametrize()
def test_each_operation_keeps_to_the_document(
    case: schemathesis.Case[Any], target: dict[str, Any]
) -> None:
    case.call_and_validate(**target)


def test_scenarios_keep_to_the_document(target: dict[str, Any]) -> None:
    class Scenario(SCHEMA.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            """Begin with an empty store, so that a scenario tried again goes the same way."""
            everything = {"start_date": "0001-01-01"}
            url = f"{target['base_url']}/v1/patterns"
            target["session"].delete(url, params=everything, headers=bearer(KEY_TEXT))

        def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
            return target

    scenarios = settings(
        Scenario.TestCase.settings,
        derandomize=IS_REPEATABLE,
        max_examples=60 if IS_REPEATABLE else EXAMPLES,
    )
    Scenario.run(settings=scenarios)
