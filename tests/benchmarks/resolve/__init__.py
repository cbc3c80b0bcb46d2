"""How often the first answer is right, how far its confidence holds, and what an answer costs.

Quality is of the real errors, whatever number of patterns is asked for; speed of so many invented
ones.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path

from app.learning.confidence import Confidence
from tests.benchmarks.resolve import baselines, scale
from tests.benchmarks.resolve.calibration import first_right_left_out, relied_on_left_out
from tests.benchmarks.resolve.index import Answered, as_answers, ask_each
from tests.benchmarks.resolve.questions import (
    Answers,
    KnownError,
    Rank,
    first_is_right,
    known_errors,
    mean_reciprocal_rank,
    ranks,
)
from tests.benchmarks.table import Benchmark, Row, milliseconds, ratio, size
from tests.patterns import real_errors

_BASELINES: dict[str, Callable[[Sequence[KnownError]], Callable[[int], Answers]]] = {
    "type and normalised message": baselines.same_message,
    "TF-IDF of frames": baselines.similar_frames,
    "TF-IDF of frames, type and words": baselines.similar_words,
}


async def run(folder: Path, patterns: int) -> AsyncIterator[Row]:
    """Ask for each real error, then measure how long that takes among many."""
    patterns_with_bugs = real_errors()
    settings = [known_errors(patterns_with_bugs, own_class=own) for own in (True, False)]
    for name, baseline in _BASELINES.items():
        found = [ranks(errors, baseline(errors)) for errors in settings]
        yield _row(f"RR@1, {name}", [f"{first_is_right(each):.3f}" for each in found])
    without_project = [ask_each(errors, with_project=False) for errors in settings]
    for row in _ranking_rows(", project unknown", without_project):
        yield row
    answered = [ask_each(errors) for errors in settings]
    for row in (*_ranking_rows("", answered), *_confidence_rows(answered)):
        yield row
    for row in (*_left_out_rows(answered), *_project_rows(answered)):
        yield row
    for row in _scale_rows(max(1, patterns // scale.ERRORS_IN_GROUP)):
        yield row


def ranked(answered: Sequence[Answered]) -> list[Rank]:
    """Where the right answers stand."""
    errors = [each.error for each in answered]
    numbers = {error.key: number for number, error in enumerate(errors)}
    return ranks(errors, lambda asked: as_answers(answered[asked], numbers))


def right_of(answered: Sequence[Answered], *confidences: Confidence) -> tuple[int, int]:
    """Right answers among the first ones of some confidences, and how many these are."""
    found = [(each, match) for each in answered if (match := each.relied_on())
             and match.agreement.confidence in confidences]  # fmt: skip
    return sum(each.bug_of(match) == each.error.bug for each, match in found), len(found)


def unknown_and_silent(answered: Sequence[Answered]) -> tuple[int, int]:
    """Errors nothing is known of that get no exact or likely answer, and how many these are."""
    unknown = [each for each in answered if not each.is_known]
    return sum(each.relied_on() is None for each in unknown), len(unknown)


def _ranking_rows(condition: str, settings: Sequence[list[Answered]]) -> list[Row]:
    found = [ranked(answered) for answered in settings]
    first, mean = ("at least 0.62 / 0.58", "at least 0.66 / 0.62") if not condition else ("", "")
    return [
        _row(f"RR@1{condition}", [f"{first_is_right(each):.3f}" for each in found], first),
        _row(f"MRR{condition}", [f"{mean_reciprocal_rank(each):.3f}" for each in found], mean),
    ]


def _confidence_rows(settings: Sequence[list[Answered]]) -> list[Row]:
    relied_on = [right_of(each, Confidence.EXACT, Confidence.LIKELY) for each in settings]
    exact = [right_of(each, Confidence.EXACT) for each in settings]
    silent = [unknown_and_silent(each) for each in settings]
    return [
        _row("exact or likely answers that are right", map(_share, relied_on), "at least 0.90"),
        _row("exact answers that are right", map(_share, exact)),
        _row("nothing known, nothing answered", map(_share, silent), "at least 0.80"),
    ]


def _left_out_rows(settings: Sequence[list[Answered]]) -> list[Row]:
    first = [first_right_left_out(each) for each in settings]
    relied_on = [relied_on_left_out(each) for each in settings]
    return [
        _row("RR@1, weights chosen without the project", map(_share, first)),
        _row("exact or likely, threshold chosen without the project", map(_share, relied_on)),
    ]


def _project_rows(settings: Sequence[list[Answered]]) -> list[Row]:
    rows = []
    found = [ranked(answered) for answered in settings]
    for project in sorted({each.error.project for each in settings[0]}):
        cells = []
        for ranks_of_all, answered in zip(found, settings, strict=True):
            own = [rank for rank in ranks_of_all if rank.project == project]
            relied_on = right_of(
                [each for each in answered if each.error.project == project],
                Confidence.EXACT, Confidence.LIKELY,
            )  # fmt: skip
            cells.append(f"{first_is_right(own):.2f}, {mean_reciprocal_rank(own):.2f}, "
                         f"{relied_on[0]} of {relied_on[1]}")  # fmt: skip
        rows.append(_row(f"{project}: RR@1, MRR, right of exact or likely", cells))
    return rows


def _scale_rows(groups: int) -> list[Row]:
    measured = scale.measure(groups)
    times, known = measured.questions, f"{measured.exemplars:,} errors of {groups:,} groups"
    return [
        (f"a question among {known}, p50", milliseconds(times[len(times) // 2]), "", "15 ms"),
        ("the same, p99", milliseconds(times[len(times) * 99 // 100]), "", "60 ms"),
        ("their group is the first answer", f"{measured.first_is_right:.3f}", "", ""),
        ("an error added", milliseconds(measured.adding), "", ""),
        ("all loaded", f"{measured.loading:.2f} s", "", "10 s"),
        ("all saved", size(measured.packed), "", ""),
        ("all in memory", size(measured.memory), "", "200 MB"),
    ]


def _share(part_and_whole: tuple[int, int]) -> str:
    part, whole = part_and_whole
    return f"{ratio(part, max(1, whole))} of {whole}"


def _row(name: str, cells: Iterable[str], target: str = "") -> Row:
    return (name, *cells, target)


BENCHMARK = Benchmark(
    ("resolve", "all frames", "without the test's class", "target"), run, patterns=200_000
)
