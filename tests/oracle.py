"""What the filters of the API mean, said once more as a plain loop would say it.

Nothing of the service is used here, so that both can be held against each other.
"""

import unicodedata
from datetime import UTC, datetime
from typing import Any

Question = dict[str, Any]
"""Filters by their names in the API; lists for those that can be repeated."""

SEARCHED = (
    "error_type",
    "error_message",
    "stack_trace",
    "resolution",
    "original_output",
    "corrected_output",
    "user_feedback",
)
_CJK_NAMES = (
    "CJK ",
    "HIRAGANA ",
    "KATAKANA ",
    "KATAKANA-HIRAGANA ",
    "HANGUL ",
    "BOPOMOFO ",
    "IDEOGRAPHIC ",
    "HALFWIDTH ",
)
_OF_CONTEXT = ("project_name", "environment", "session_id", "user_id")
_OF_DATA = ("task_type", "success", "error_type", "severity")


def found_by(question: Question, patterns: list[dict[str, Any]]) -> list[str]:
    """The ids of the patterns that answer a question, the oldest first."""
    found = [pattern for pattern in patterns if matches(pattern, question)]
    found.sort(key=lambda pattern: (_time(pattern["timestamp"]), pattern["pattern_id"]))
    return [pattern["pattern_id"] for pattern in found]


def matches(pattern: dict[str, Any], question: Question) -> bool:
    """Whether a posted pattern passes all the filters of a question."""
    return all(_passes(pattern, name, wanted) for name, wanted in question.items())


def _passes(pattern: dict[str, Any], name: str, wanted: Any) -> bool:
    data, context = pattern["data"], pattern.get("context", {})
    tags = context.get("tags", [])
    match name:
        case "pattern_type" | "pattern_id":
            return pattern[name] in wanted
        case "projects":
            return context.get("project_name", "") in wanted
        case "start_date":
            return _time(pattern["timestamp"]) >= _time(wanted)
        case "end_date" if len(wanted) == len("2026-01-15"):
            return _time(pattern["timestamp"]).date() <= _time(wanted).date()
        case "end_date":
            return _time(pattern["timestamp"]) <= _time(wanted)
        case "tags":
            return all(tag in tags for tag in wanted)
        case "any_tags":
            return any(tag in tags for tag in wanted)
        case "agent":
            return agent_of(pattern) == str(wanted)
        case "min_duration_ms":
            return "duration_ms" in data and bool(data["duration_ms"] >= wanted)
        case "max_duration_ms":
            return "duration_ms" in data and bool(data["duration_ms"] <= wanted)
        case "q":
            fields = [words(data[field]) for field in SEARCHED if data.get(field)]
            return all(
                any(_holds(field, *phrase) for field in fields) for phrase in phrases(wanted)
            )
        case _ if name in _OF_CONTEXT:
            return name in context and context[name] == wanted
        case _ if name in _OF_DATA:
            return name in data and data[name] == wanted
    raise AssertionError(f"no such filter: {name}")


def agent_of(pattern: dict[str, Any]) -> str | None:
    """The agent, by the field that the pattern's own type has for it, or else by the other."""
    names = ["agent", "agent_type"]
    if pattern["pattern_type"] == "agent_usage":
        names.reverse()
    agents: list[str] = [pattern["data"][name] for name in names if pattern["data"].get(name)]
    return agents[0] if agents else None


def words(text: str) -> list[str]:
    """Runs of letters or digits, case folded; each CJK character is a word."""
    found, run = [], ""
    for character in text + " ":
        if character.isalnum() and not is_cjk(character):
            run += character
            continue
        if run:
            found.append(run.casefold())
        run = ""
        if is_cjk(character):
            found.append(character)
    return found


def is_cjk(character: str) -> bool:
    """Whether a letter belongs to the scripts written without spaces between words."""
    return character.isalnum() and unicodedata.name(character, "").startswith(_CJK_NAMES)


def phrases(query: str) -> list[tuple[list[str], bool]]:
    """What a `q` asks for: words next to each other, and whether the last is a prefix."""
    *pairs, last = query.split('"')
    if len(pairs) % 2:  # a quotation mark without its twin only separates
        last = f"{pairs.pop()} {last}"
    found: list[tuple[list[str], bool]] = []
    for index, part in enumerate([*pairs, last]):
        if index % 2:
            found.append((words(part), False))
            continue
        *before_stars, rest = part.split("*")
        for piece in before_stars:
            found += [([word], False) for word in words(piece)]
            if piece and piece[-1].isalnum():
                found[-1] = (found[-1][0], True)
        found += [([word], False) for word in words(rest)]
    return [phrase for phrase in found if phrase[0]]


def _holds(field: list[str], phrase: list[str], is_prefix: bool) -> bool:
    *whole, last = phrase
    for start in range(len(field) - len(whole)):
        *before, after = field[start : start + len(phrase)]
        if before == whole and (after == last or (is_prefix and after.startswith(last))):
            return True
    return False


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
