"""What the statistics of agents are to be, as a plain loop would have it."""

from typing import Any

from app.schemas.records import LARGEST_DURATION
from app.storage.base import QUANTILE_ERROR, AgentFigures
from tests.oracle import Question, agent_of, matches

PERCENT = round(1 / QUANTILE_ERROR)


def exact_percentile(durations: list[int], percent: int) -> int:
    """The least of them that so many percent do not exceed."""
    ordered = sorted(durations)
    return next(
        each for rank, each in enumerate(ordered, 1) if rank * 100 >= percent * len(ordered)
    )


def assert_agrees(
    found: list[AgentFigures], patterns: list[dict[str, Any]], question: Question
) -> None:
    """Figures are those of the patterns that answer a question: exact, or within the error."""
    named: dict[str, list[dict[str, Any]]] = {}
    for pattern in patterns:
        if matches(pattern, question) and (agent := agent_of(pattern)) is not None:
            named.setdefault(agent, []).append(pattern)
    assert {figures.agent for figures in found} == named.keys()
    assert len(found) == len(named)
    for figures in found:
        assert_figures(figures, named[figures.agent])


def assert_figures(figures: AgentFigures, patterns: list[dict[str, Any]]) -> None:
    """Figures of an agent are those of its patterns."""
    types = [pattern["pattern_type"] for pattern in patterns]
    outcomes = [pattern["data"].get("success") for pattern in patterns]
    assert dict(figures.by_type) == {name: types.count(name) for name in set(types)}
    assert (figures.succeeded, figures.failed) == (outcomes.count(True), outcomes.count(False))
    given = [pattern["data"].get("duration_ms") for pattern in patterns]
    durations = [min(each, LARGEST_DURATION) for each in given if each is not None]
    if not durations:
        assert figures.durations is None
        return
    assert figures.durations is not None
    assert figures.durations.number == len(durations)
    assert figures.durations.shortest == min(durations)
    assert figures.durations.longest == max(durations)
    for percent, got in ((50, figures.durations.p50), (95, figures.durations.p95)):
        exact = exact_percentile(durations, percent)
        assert abs(got - exact) * PERCENT <= exact
