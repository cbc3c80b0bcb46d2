"""Running background tasks: on schedule and on demand, one at a time."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.metrics import Metrics
from app.schemas.timestamps import SECOND, now

_JITTER = 0.1
"""A share of the interval by which a start may be late, so that services don't start as one."""

_RETRY_SECONDS = (60.0, 300.0, 1800.0)
"""How soon a failed run on schedule is tried again; then the interval holds."""

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Hears of what is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do again and again.

    `run` returns a dataclass that says what it did. An `interval` of 0 seconds leaves it to
    be run by hand. A `quiet` one runs so often that only its failures are worth a line of log.
    """

    name: str
    interval: float
    settings: Mapping[str, Any]
    run: Callable[[Progress], Awaitable[Any]]
    quiet: bool = False


@dataclass(slots=True)
class Running:
    """A run under way; times in microseconds since the epoch."""

    started_at: int
    done: int = 0
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has ended."""

    started_at: int
    ended_at: int
    error: str | None
    result: dict[str, Any] | None


@dataclass(slots=True)
class State:
    """What is known of a task."""

    task: Task
    next_run_at: int | None = None
    running: Running | None = None
    last_run: Run | None = None
    failures: int = 0


class TaskRunner:
    """All tasks of one service. A task that fails is logged and tried again; nothing more."""

    def __init__(self, tasks: list[Task], metrics: Metrics) -> None:
        self.states = {task.name: State(task) for task in tasks}
        self._metrics = metrics
        self._turn = asyncio.Lock()
        self._jobs: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Begin to run the tasks on schedule."""
        for state in self.states.values():
            if state.task.interval > 0:
                self._spawn(self._schedule(state))

    async def stop(self) -> None:
        """Break off what runs, and come back when it has ended."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    async def run(self, name: str, work: Callable[[Progress], Awaitable[Any]]) -> Any:
        """Do a task's work now, when no other runs, and return what it returned.

        Its errors come through, and stand in the task's state.
        """
        state = self.states[name]
        async with self._turn:
            state.running = Running(now())
            try:
                result = await work(lambda done, total: _note(state, done, total))
            except Exception as error:
                self._ended(state, error=f"{type(error).__name__}: {error}", result=None)
                raise
            except asyncio.CancelledError:
                self._ended(state, error="stopped", result=None)
                raise
            self._ended(state, error=None, result=asdict(result))
            return result

    def run_in_background(self, name: str, work: Callable[[Progress], Awaitable[Any]]) -> None:
        """The same, with nobody waiting; errors are logged."""
        self._spawn(self._run_logged(name, work))

    async def _schedule(self, state: State) -> None:
        while True:
            await self._sleep(state)
            succeeded = await self._run_logged(state.task.name, state.task.run)
            state.failures = 0 if succeeded else state.failures + 1

    async def _sleep(self, state: State) -> None:
        retry = 0 < state.failures <= len(_RETRY_SECONDS)
        seconds = _RETRY_SECONDS[state.failures - 1] if retry else state.task.interval
        seconds = min(seconds, state.task.interval) * (1 + random.uniform(0, _JITTER))  # noqa: S311
        state.next_run_at = now() + int(seconds * SECOND)
        await asyncio.sleep(seconds)

    async def _run_logged(self, name: str, work: Callable[[Progress], Awaitable[Any]]) -> bool:
        try:
            await self.run(name, work)
        except Exception:  # noqa: BLE001 - a task may fail in any way; the service goes on
            _log.exception("task failed", extra={"task": name})
            return False
        level = logging.DEBUG if self.states[name].task.quiet else logging.INFO
        _log.log(level, "task done", extra={"task": name, "result": self._result(name)})
        return True

    def _result(self, name: str) -> dict[str, Any] | None:
        last = self.states[name].last_run
        return last.result if last else None

    def _ended(self, state: State, *, error: str | None, result: dict[str, Any] | None) -> None:
        assert state.running is not None
        state.last_run = Run(state.running.started_at, now(), error, result)
        state.running = None
        self._metrics.task_runs.labels(state.task.name, "failed" if error else "done").inc()

    def _spawn(self, work: Any) -> None:
        job = asyncio.create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)


def _note(state: State, done: int, total: int) -> None:
    if state.running is not None:
        state.running.done, state.running.total = done, total
