"""Patterns and questions about them, made up from a seed: the same seed, the same ones."""

from random import Random
from typing import Any

from app.schemas.filters import Filters
from app.schemas.timestamps import DAY, format_timestamp, is_bare_date, parse_timestamp
from app.schemas.words import parse_text_query
from tests.oracle import SEARCHED, Question, agent_of, words
from tests.patterns import DATA, pattern

TEXTS = (
    "NullPointerException: value is null",
    "can't open '/srv/data/report 2026.csv': No such file",
    '100% of "quoted" things; DROP TABLE patterns; --',
    "Straße ΣΊΣΥΦΟΣ naïve café",
    "型エラー: 値が null です value",
    "오류가 발생했습니다 null value",
    "a\0b value\0is",
    "snake_case_name camelCase kebab-case 3.14",
    "🙂 emoji 👩‍👩‍👧 value is",
    "value value is value is null",
    "",
)
NAMES = (
    "alpha",
    "Alpha",
    "beta",
    "50%",
    "it's",
    '"q"',
    "nul\0l",
    "日本",
    "🙂",
    "a b",
    "_",
    "x" * 300,
)
TIMES = (
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "1969-12-31T23:59:59.999999Z",
    "2025-12-31T23:59:59.999999Z",
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.000001Z",
)
DURATIONS = (0, 1, 250, 2500, 2**31, 2**53 + 1, 2**63 - 2, 2**63 - 1, 2**63, 2**70)
LARGEST_ASKED = 2**63 - 2
"""What a question about durations may name."""

FILTERS = (
    "pattern_type",
    "pattern_id",
    "start_date",
    "end_date",
    "tags",
    "any_tags",
    "agent",
    "task_type",
    "project_name",
    "environment",
    "session_id",
    "user_id",
    "success",
    "error_type",
    "severity",
    "min_duration_ms",
    "max_duration_ms",
    "q",
)
"""Every filter of the API."""

STORAGE_FILTERS = (*FILTERS, "projects")
"""Every filter that a storage knows."""


def made_up_patterns(random: Random, number: int) -> list[dict[str, Any]]:
    """Patterns with all they may hold, alike enough that most filters find several."""
    return [_made_up_pattern(random, f"id-{index:04}") for index in range(number)]


def question_about(found: dict[str, Any], names: list[str], random: Random) -> Question:
    """A question by some filters that a pattern answers, leaving out what it does not have."""
    values = {name: _value_for(found, name, random) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def filters_of(question: Question) -> Filters:
    """A question as the storage takes it."""
    asked: dict[str, Any] = dict(question)
    for plural in ("pattern_type", "pattern_id"):
        asked[f"{plural}s"] = asked.pop(plural, ())
    for end in ("start", "end"):
        text = asked.pop(f"{end}_date", None)
        asked[end] = None if text is None else parse_timestamp(text)
        if text is not None and end == "end" and is_bare_date(text):
            asked[end] += DAY - 1
    query = asked.pop("q", None)
    asked["phrases"] = () if query is None else parse_text_query(query)
    repeated = {name: tuple(value) for name, value in asked.items() if isinstance(value, list)}
    return Filters(**asked | repeated)


def _made_up_pattern(random: Random, pattern_id: str) -> dict[str, Any]:
    pattern_type = random.choice(list(DATA))
    return pattern(
        pattern_type,
        pattern_id=pattern_id,
        timestamp=_time(random),
        data=_data(random, pattern_type),
        context=_some_of(
            random,
            {
                "project_name": random.choice(NAMES),
                "session_id": random.choice(NAMES),
                "user_id": random.choice((None, *NAMES)),
                "environment": random.choice(("development", "staging", "production")),
                "tags": random.choices(NAMES, k=random.randint(0, 4)),
            },
        ),
    )


def _data(random: Random, pattern_type: str) -> dict[str, Any]:
    name, text = random.choice(NAMES), random.choice(TEXTS)
    duration = {"duration_ms": random.choice(DURATIONS), "success": random.random() < 0.5}
    match pattern_type:
        case "task_completion":
            unknown = _some_of(random, {"agent_type": random.choice(NAMES)})
            return {**duration, "agent": name, "task_type": random.choice(NAMES), **unknown}
        case "agent_usage":
            unknown = _some_of(random, {"agent": random.choice(NAMES)})
            return {**duration, "agent_type": name, "task_type": random.choice(NAMES), **unknown}
        case "error_occurrence":
            more = {
                "stack_trace": random.choice(TEXTS),
                "resolution": random.choice([None, *TEXTS]),
            }
            return {"error_type": name, "error_message": text, **_some_of(random, more)}
    more = {
        "task_type": name,
        "severity": random.choice(("minor", "moderate", "critical")),
        "user_feedback": random.choice([None, *TEXTS]),
    }
    outputs = {"original_output": text, "corrected_output": random.choice(TEXTS)}
    return {**outputs, "agent": name, **_some_of(random, more)}


def _time(random: Random) -> str:
    if random.random() < 0.4:
        return random.choice(TIMES)
    return format_timestamp(parse_timestamp("2026-01-01") + random.randrange(9) * DAY // 3)


def _some_of(random: Random, members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if random.random() < 0.7}


def _value_for(found: dict[str, Any], name: str, random: Random) -> Any:
    data, context = found["data"], found["context"]
    duration = data.get("duration_ms")
    match name:
        case "pattern_type":
            return sorted({found[name], random.choice(list(DATA))})
        case "projects":
            return sorted({context.get("project_name", ""), random.choice(NAMES)})
        case "pattern_id":
            return sorted({found[name], "id-0000", "no-such-id"})
        case "start_date" | "end_date":
            return random.choice((found["timestamp"], found["timestamp"][:10]))
        case "tags":
            return context.get("tags", [])[: random.randint(1, 2)] or None
        case "any_tags":
            tag = next(iter(context.get("tags", [])), None)
            return tag and sorted({tag, random.choice(NAMES), "no such tag"})
        case "agent":
            return agent_of(found)
        case "min_duration_ms":
            return duration and random.randint(0, min(duration, LARGEST_ASKED))
        case "max_duration_ms":
            if duration is None or duration > LARGEST_ASKED:
                return None
            return random.choice((duration, LARGEST_ASKED))
        case "q":
            return _query_for(data, random)
    return context.get(name) or data.get(name)


def _query_for(data: dict[str, Any], random: Random) -> str | None:
    fields = [found for name in SEARCHED if (found := words(data.get(name) or ""))]
    if not fields:
        return None
    asked = []
    for _ in range(random.randint(1, 3)):
        field = random.choice(fields)
        start = random.randrange(len(field))
        asked.append(
            random.choice(
                (
                    field[start].upper(),
                    f"{field[start][: random.randint(1, 4)]}*",
                    '"' + " - ".join(field[start : start + random.randint(1, 3)]) + '"',
                )
            )
        )
    return " ".join(asked)
