"""Background tasks: on schedule and by hand, one at a time, and never the end of the service."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app.metrics import Metrics
from app.schemas.timestamps import SECOND, now
from app.tasks.runner import Progress, Task, TaskRunner

OFTEN, HOURS, NEVER = 0.001, 20_000.0, 0.0
SETTINGS = {"days": {}, "grace_days": 0}


@dataclass(frozen=True)
class Report:
    """What a run did."""

    number: int


class Work:
    """Work that counts its runs and, where it is told to, waits or fails."""

    def __init__(self) -> None:
        self.begun = 0
        self.at_once = 0
        self.most_at_once = 0
        self.failures: list[Exception] = []
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self, on_progress: Progress) -> Report:
        self.begun += 1
        number = self.begun
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            on_progress(number, 100)
            await asyncio.sleep(0)
            await self.may_end.wait()
            if self.failures:
                raise self.failures.pop(0)
        finally:
            self.at_once -= 1
        return Report(number)

    async def has_begun(self, number: int) -> None:
        """Come back when it has begun so many runs."""
        while self.begun < number:
            await asyncio.sleep(0)


Start = Callable[..., TaskRunner]


@pytest.fixture
def metrics() -> Metrics:
    """What the runner counts."""
    return Metrics()


@pytest.fixture
async def start(metrics: Metrics) -> AsyncIterator[Start]:
    """Begins to run tasks, by name with their intervals and work, until the test is over."""
    runners: list[TaskRunner] = []

    def start_tasks(**tasks: tuple[float, Callable[[Progress], Awaitable[Any]]]) -> TaskRunner:
        runner = TaskRunner(
            [Task(name, interval, SETTINGS, work) for name, (interval, work) in tasks.items()],
            metrics,
        )
        runner.start()
        runners.append(runner)
        return runner

    yield start_tasks
    for runner in runners:
        await runner.stop()


def runs_counted(metrics: Metrics, result: str) -> float | None:
    return metrics.registry.get_sample_value(
        "pattern_store_task_runs_total", {"task": "work", "result": result}
    )


async def test_a_task_is_run_again_and_again_on_schedule(start: Start) -> None:
    work = Work()
    state = start(work=(OFTEN, work)).states["work"]
    await work.has_begun(3)
    assert state.last_run is not None
    assert state.last_run.error is None
    assert state.last_run.result == {"number": work.begun - 1}
    assert state.next_run_at is not None


async def test_a_task_with_no_interval_is_run_by_hand_only(start: Start) -> None:
    work, other = Work(), Work()
    runner = start(work=(NEVER, work), other=(OFTEN, other))
    await other.has_begun(3)
    assert work.begun == 0
    assert runner.states["work"].next_run_at is None
    assert await runner.run("work", work) == Report(1)


async def test_a_run_by_hand_returns_its_result_and_leaves_it_in_the_state(
    start: Start, metrics: Metrics
) -> None:
    runner = start(work=(NEVER, Work()))
    assert await runner.run("work", Work()) == Report(1)
    last = runner.states["work"].last_run
    assert last is not None
    assert (last.error, last.result) == (None, {"number": 1})
    assert last.started_at <= last.ended_at
    assert runs_counted(metrics, "done") == 1


async def test_a_running_task_shows_its_progress(start: Start) -> None:
    work = Work()
    work.may_end.clear()
    runner = start(work=(NEVER, work))
    running = asyncio.create_task(runner.run("work", work))
    await work.has_begun(1)
    shown = runner.states["work"].running
    assert shown is not None
    assert (shown.done, shown.total) == (1, 100)
    work.may_end.set()
    await running
    assert runner.states["work"].running is None


async def test_no_two_runs_go_on_at_once_not_even_of_different_tasks(start: Start) -> None:
    work = Work()
    runner = start(one=(OFTEN, work), two=(OFTEN, work))
    await asyncio.gather(*[runner.run("one", work) for _ in range(10)])
    runner.run_in_background("two", work)
    await work.has_begun(15)
    assert work.most_at_once == 1


async def test_a_run_in_the_background_is_seen_in_the_state(start: Start) -> None:
    work = Work()
    runner = start(work=(NEVER, work))
    runner.run_in_background("work", work)
    await work.has_begun(1)
    while runner.states["work"].running is not None:
        await asyncio.sleep(0)
    last = runner.states["work"].last_run
    assert last is not None
    assert last.result == {"number": 1}


async def test_the_error_of_a_run_by_hand_comes_through_and_is_shown(
    start: Start, metrics: Metrics
) -> None:
    work = Work()
    work.failures = [ValueError("broken")]
    runner = start(work=(NEVER, work))
    with pytest.raises(ValueError, match="broken"):
        await runner.run("work", work)
    last = runner.states["work"].last_run
    assert last is not None
    assert (last.error, last.result) == ("ValueError: broken", None)
    assert runner.states["work"].running is None
    assert runs_counted(metrics, "failed") == 1
    assert await runner.run("work", work) == Report(2)


async def test_a_task_that_fails_on_schedule_is_logged_and_tried_again(
    start: Start,
    metrics: Metrics,
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work()
    work.failures = [ValueError("first"), OSError("second")]
    runner = start(work=(OFTEN, work))
    await work.has_begun(4)
    failed = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.getMessage() for record in failed] == ["task failed", "task failed"]
    assert [str(record.exc_info[1]) for record in failed if record.exc_info] == ["first", "second"]
    assert runs_counted(metrics, "failed") == 2
    last = runner.states["work"].last_run
    assert last is not None
    assert last.error is None


@pytest.mark.parametrize(("quiet", "level"), [(False, logging.INFO), (True, logging.DEBUG)])
async def test_what_a_quiet_task_does_is_logged_for_debugging_only(
    metrics: Metrics, caplog: pytest.LogCaptureFixture, quiet: bool, level: int
) -> None:
    caplog.set_level(logging.DEBUG, "app.tasks.runner")
    work = Work()
    runner = TaskRunner([Task("work", OFTEN, SETTINGS, work, quiet)], metrics)
    runner.start()
    await work.has_begun(3)
    await runner.stop()
    done = [record for record in caplog.records if record.getMessage() == "task done"]
    assert {record.levelno for record in done} == {level}


async def test_failures_on_schedule_are_counted_until_a_run_succeeds(start: Start) -> None:
    counted: list[int] = []

    async def fail_twice(on_progress: Progress) -> Report:
        counted.append(runner.states["work"].failures)
        if len(counted) < 3:
            raise ValueError
        return Report(len(counted))

    runner = start(work=(OFTEN, fail_twice))
    while len(counted) < 4:
        await asyncio.sleep(0)
    assert counted[:4] == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, HOURS), (1, 60), (2, 300), (3, 1800), (4, HOURS), (9, HOURS)]
)
async def test_a_task_that_failed_is_planned_sooner_a_few_times_and_then_as_ever(
    metrics: Metrics, failures: int, seconds: float
) -> None:
    runner = TaskRunner([Task("work", HOURS, SETTINGS, Work())], metrics)
    state = runner.states["work"]
    state.failures = failures
    runner.start()
    while state.next_run_at is None:
        await asyncio.sleep(0)
    planned = (state.next_run_at - now()) / SECOND
    assert 0.9 * seconds < planned <= 1.1 * seconds
    await runner.stop()


async def test_stopping_breaks_off_what_runs_and_shows_it(start: Start) -> None:
    work = Work()
    work.may_end.clear()
    runner = start(work=(OFTEN, work))
    await work.has_begun(1)
    await runner.stop()
    state = runner.states["work"]
    assert work.at_once == 0
    assert state.running is None
    assert state.last_run is not None
    assert state.last_run.error == "stopped"


async def test_nothing_runs_any_more_after_stopping(start: Start) -> None:
    work = Work()
    runner = start(work=(OFTEN, work))
    runner.run_in_background("work", work)
    await work.has_begun(2)
    await runner.stop()
    begun = work.begun
    await asyncio.sleep(20 * OFTEN)
    assert work.begun == begun
