"""Keeping credentials out of the store: agents paste them into messages, traces and outputs.

In the free text of `data` and of `context.metadata` each becomes `[redacted:kind]`. Ids, names
of members and fields that filters ask for stay as they are.

It comes before anything is kept of a pattern, the hash by which a retry is known included: a
hash of the secret would let whoever has the store try out passwords, and the same secret is
always replaced by the same. Done twice it changes nothing more, so what was read can be written.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from app.metrics import Metrics
from app.service.redaction.pairs import NAME, is_secret, kind_of
from app.service.redaction.rules import every_rule, may_hold_secrets, placeholder

_FILTERED = frozenset({"agent", "agent_type", "task_type", "error_type", "severity"})
"""Members of `data` that filters ask for."""

_NAMED = re.compile(rf"(?i:{NAME})$", re.ASCII)

MOST_PLACES = 5000
"""Places of a pattern that are looked at closely, which takes some 80 ms."""

UNREAD = "unread"
"""The kind of what lies beyond: a text that might hold a secret, and is replaced unread."""


class Findings:
    """What was found in a pattern: places that looked like secrets, and secrets by kind."""

    def __init__(self) -> None:
        self.secrets: Counter[str] = Counter()
        self._places = 0

    @property
    def are_too_many(self) -> bool:
        """Whether no further place is to be looked at."""
        return self._places >= MOST_PLACES

    def look(self) -> None:
        """Count a place that is looked at."""
        self._places += 1

    def replaced(self, kind: str) -> str:
        """Count a secret; what stands in its place."""
        self.secrets[kind] += 1
        return placeholder(kind)


class Redaction:
    """Replaces secrets, and counts them."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __call__(self, pattern: dict[str, Any]) -> dict[str, Any]:
        """A checked pattern without secrets: itself, or a copy where it held some."""
        data = pattern["data"]
        metadata = pattern.get("context", {}).get("metadata", {})
        texts: list[str] = []
        _gather(data, texts)
        _gather(metadata, texts)
        if not may_hold_secrets("\n".join(texts)):
            return pattern
        findings = Findings()
        redacted = dict(pattern)
        redacted["data"] = {
            name: value if name in _FILTERED else _redacted(value, name, findings)
            for name, value in data.items()
        }
        if metadata:
            clean = _redacted(metadata, "", findings)
            redacted["context"] = {**pattern["context"], "metadata": clean}
        for kind, number in findings.secrets.items():
            self._metrics.secrets_redacted.labels(kind).inc(number)
        return redacted if findings.secrets else pattern


def redacted_text(text: str, findings: Findings) -> str:
    """A text without secrets."""
    for rule in every_rule():
        pieces: list[str] = []
        end = 0
        for found in rule.places(text):
            if findings.are_too_many:
                pieces += (text[end : found.start()], findings.replaced(UNREAD))
                return "".join(pieces)
            findings.look()
            secret = rule.secret(found)
            if secret is not None:
                pieces += (text[end : secret.start], findings.replaced(secret.kind))
                end = secret.end
        text = "".join((*pieces, text[end:])) if end else text
    return text


def _gather(members: Mapping[str, Any], texts: list[str]) -> None:
    """Add all texts among some members, each after its name."""
    for name, value in members.items():
        kind = type(value)
        if kind is str:
            texts.append(name)
            texts.append(value)
        elif kind is dict:
            _gather(value, texts)
        elif kind is list:
            for item in value:
                if type(item) is str:
                    texts.append(name)
                    texts.append(item)
                else:
                    _gather({name: item}, texts)


def _redacted(value: Any, name: str, findings: Findings) -> Any:
    """A value, and all in it, without secrets; `name` is that of the member it stands in."""
    if isinstance(value, str):
        return _redacted_member(name, value, findings)
    if isinstance(value, list):
        return [_redacted(item, name, findings) for item in value]
    if isinstance(value, dict):
        return {member: _redacted(content, member, findings) for member, content in value.items()}
    return value


def _redacted_member(name: str, value: str, findings: Findings) -> str:
    if findings.are_too_many:
        return findings.replaced(UNREAD) if may_hold_secrets(f"{name}\n{value}") else value
    if may_hold_secrets(value) and (text := redacted_text(value, findings)) != value:
        return text
    named = _NAMED.search(name)
    if named is None or " " in value:
        return value
    findings.look()
    return findings.replaced(kind_of(named[0])) if is_secret(named[0], value) else value
