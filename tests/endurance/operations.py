"""Requests as the OpenAPI document describes them: each operation, with its own examples."""

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from tests.endurance.wire import Headers, Request

DOCUMENT = Path(__file__).parents[2] / "openapi" / "openapi.json"

IDS = [f"fuzz-{number}" for number in range(40)]
"""The ids that requests are about, so that some are there, and some were."""

ODD_TEXTS = (
    "", " ", "\0", "\n", "a\r\nX-Injected: 1", "'", '"', '" OR 1=1 --', "%", "_", "*", "a*", "-a",
    "NEAR(", "AND", "a:b", "(", "^", "é", "\u202e", "\U0001f600", "\ufeff", "../../etc/passwd",
    "null", "true", "-1", "0", "1e9", "9" * 30, "NaN", "x" * 300, "x" * 9000, "[]", "{}", "\\", ";",
    "2026-02-30", "0000-00-00", "9999-12-31T23:59:60Z", "2026-01-15T12:00:00+99:99", "W10", "WyJh",
)  # fmt: skip
"""What parameters are given instead of what they take."""


class Operations:
    """The calls of the document, each to be asked in any number of ways."""

    def __init__(self) -> None:
        self._document: dict[str, Any] = json.loads(DOCUMENT.read_text())
        self._calls = [
            (path, method, operation)
            for path, item in self._document["paths"].items()
            for method, operation in item.items()
        ]

    def request(self, random: Random, *, odd: float = 0.0, with_body: bool = False) -> Request:
        """A request of some call; `odd` is how likely each parameter has a strange value."""
        calls = [call for call in self._calls if not with_body or "requestBody" in call[2]]
        path, method, operation = random.choice(calls)
        query: list[tuple[str, str]] = []
        headers: Headers = [(b"Host", b"localhost")]
        for parameter in operation.get("parameters", ()):
            name, place = parameter["name"], parameter["in"]
            is_odd = random.random() < odd
            if place == "path":
                value = random.choice(ODD_TEXTS) if is_odd else self._path_value(name, random)
                path = path.replace(f"{{{name}}}", quote(value, safe="" if is_odd else ":@+"))
            elif random.random() < 0.2:
                values = [random.choice(ODD_TEXTS)] if is_odd else _examples(parameter, random)
                if place == "query":
                    query += [(name, value) for value in values]
                else:
                    headers.append((name.encode(), values[0].encode("utf-8", "replace")))
        target = path + (f"?{urlencode(query)}" if query else "")
        headers = [(name, value.translate(None, b"\r\n\0")) for name, value in headers]
        request = Request(method.upper().encode(), target.encode(), headers)
        if "requestBody" not in operation:
            return request
        return self._with_body(request, operation["requestBody"]["content"], random)

    def pattern(self, random: Random) -> dict[str, Any]:
        """A pattern of the document's examples, under one of IDS or none."""
        names = ("TaskCompletion", "ErrorOccurrence", "AgentUsage", "UserCorrection")
        example = self._document["components"]["examples"][random.choice(names)]["value"]
        new: dict[str, Any] = json.loads(json.dumps(example))
        new.pop("pattern_id", None)
        return new | ({"pattern_id": random.choice(IDS)} if random.random() < 0.7 else {})

    def _path_value(self, name: str, random: Random) -> str:
        if name == "pattern_id":
            return random.choice(IDS)
        return random.choice(["task_completion", "error_occurrence", "none"])

    def _with_body(self, request: Request, content: Mapping[str, Any], random: Random) -> Request:
        kind = random.choice([*content])
        new = self.pattern(random)
        if "merge-patch" in kind or request.method == b"PATCH":
            new = {"data": {"note": str(random.getrandbits(32))}}
        patterns = [new, *[self.pattern(random) for _ in range(random.randrange(4))]]
        if "itemSchema" in content[kind]:
            body = b"".join(json.dumps(each).encode() + b"\n" for each in patterns)
        else:
            is_batch = content[kind]["schema"].get("type") == "array"
            body = json.dumps(patterns if is_batch else new).encode()
        typed = request.without(b"content-encoding").having((b"Content-Type", kind.encode()))
        return Request(typed.method, typed.target, typed.headers, body)


def _examples(parameter: Mapping[str, Any], random: Random) -> list[str]:
    """What a parameter takes."""
    schema = parameter["schema"]
    values = schema.get("enum") or schema.get("items", {}).get("enum") or schema.get("examples")
    value = random.choice(values) if values else random.choice(["true", "false"])
    if isinstance(value, list):
        return [str(each) for each in value]
    return [str(value)]
