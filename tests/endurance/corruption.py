"""Damaging the files of a store at random places, and holding to what is promised then.

For each kind of file, a small store is copied, some bytes of one file are changed or its end is
cut off, and then a check must find it, or else every pattern must come back byte for byte; the
store opens, or says what is wrong with which file and which command helps; nothing that was
changed is ever returned as if it were what was stored; and no error of a driver or a parser
comes through.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from app.errors import DamagedStore, PatternStoreError, StorageUnavailable, StoreNotOpened
from app.schemas.records import StoredDocument
from app.storage.base import Storage
from app.storage.registry import StorageOptions, storage_from
from tests.conftest import BACKENDS
from tests.contract.reading import all_changes, findings, paged_ids
from tests.endurance.victims import KINDS, Kind, Template, damage, template
from tests.records import record

SECONDS = 120
"""How long a trial may take before it counts as a hang."""


@dataclass
class Report:
    """What came of the trials with a kind of file, each of which is one of the first four.

    `unreadable` counts patterns that were refused as damaged, over all trials.
    """

    kind: Kind
    trials: int = 0
    harmless: int = 0
    found: int = 0
    refused: int = 0
    silent: int = 0
    unreadable: int = 0
    problems: list[str] = field(default_factory=list)

    def row(self) -> str:
        """The figures as a row of a table."""
        figures = (
            self.trials, self.harmless, self.found, self.refused, self.unreadable, self.silent,
            len(self.problems),
        )  # fmt: skip
        return f"| {self.kind.backend} | {self.kind.name} | {' | '.join(map(str, figures))} |"


HEADER = (
    "| backend | file | trials | harmless | found by check | refused to open |"
    " patterns unreadable | silent changes | broken promises |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass
class _Trial:
    """What one damage led to."""

    findings: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


async def run(
    kind: Kind,
    trials: int,
    seed: int,
    folder: Path,
    on_trial: Callable[[Report, list[str]], None] = lambda *_: None,
) -> Report:
    """So many trials with a kind of file."""
    original = await template(kind, folder / "template")
    report = Report(kind)
    for number in range(trials):
        random = Random(f"{seed} {kind.backend} {kind.name} {number}")
        with tempfile.TemporaryDirectory(dir=folder) as place:
            trial, done = await _trial(original, Path(place), random)
        report.trials += 1
        report.unreadable += len(trial.unreadable)
        # What a broken log has lost leaves the state before it, of which the check tells.
        silent = trial.changed and not (kind.killed and trial.findings)
        report.silent += bool(silent)
        if silent:
            trial.problems.append(f"returned, though changed: {sorted(trial.changed)[:3]}")
        elif trial.refusals:
            report.refused += 1
        elif trial.findings:
            report.found += 1
        elif trial.gone or trial.unreadable:
            trial.problems.append(f"not found by a check: {len(trial.gone)} gone")
        else:
            report.harmless += 1
        fresh = [f"trial {number}, {done}: {problem}" for problem in trial.problems]
        report.problems += fresh
        on_trial(report, fresh)
    return report


async def _trial(original: Template, place: Path, random: Random) -> tuple[_Trial, str]:
    trial = _Trial()
    url = original.copy(place / "store")
    done = damage(original.kind.choice(place / "store", random), random)
    try:
        async with asyncio.timeout(SECONDS):
            await _check(url, trial)
            await _serve(url, original, trial)
    except TimeoutError:
        trial.problems.append("it hangs")
    return trial, done


async def _check(url: str, trial: _Trial) -> None:
    """What `pattern-store check` does."""
    try:
        async with _opened(url, read_only=True) as storage:
            trial.findings += [f"{each.place}: {each.problem}" for each in await findings(storage)]
    except (StorageUnavailable, StoreNotOpened) as error:
        trial.findings.append(str(error))
        _require_help(error, trial)
    except Exception as error:
        trial.problems.append(f"check fails: {error!r}")


async def _serve(url: str, original: Template, trial: _Trial) -> None:
    """What the service does."""
    try:
        async with _opened(url) as storage:
            try:
                await _read(storage, original, trial)
                if trial.findings and original.kind.backend == "filesystem":
                    await _repair(storage, original, trial)
                await _write(storage, trial)
            except Exception as error:
                trial.problems.append(f"the service fails: {error!r}")
    except (StoreNotOpened, StorageUnavailable) as error:
        trial.refusals.append(str(error))
        _require_help(error, trial)
    except Exception as error:
        trial.problems.append(f"the service fails: {error!r}")


async def _read(storage: Storage, original: Template, trial: _Trial) -> None:
    for pattern_id, expected in original.patterns.items():
        try:
            found = await storage.get(pattern_id)
        except DamagedStore:
            trial.unreadable.add(pattern_id)
            continue
        if found is None:
            trial.gone.add(pattern_id)
        elif not _is_same(found, expected, trial):
            trial.changed.add(pattern_id)
    try:
        changes = await all_changes(storage)
    except DamagedStore:
        changes = []
    for change in changes:
        known = original.patterns.get(change.pattern_id)
        if isinstance(change, StoredDocument) and (
            known is None or not _is_same(change, known, trial)
        ):
            trial.changed.add(change.pattern_id)
    try:
        await paged_ids(storage)
        await storage.summary(0)
    except DamagedStore:
        pass


def _is_same(found: StoredDocument, expected: StoredDocument, trial: _Trial) -> bool:
    """Whether a pattern is as it was stored.

    What an index is found to have lost is taken up from its file again, under a later number.
    """
    if trial.findings and found.seq > expected.seq:
        found = found._replace(stored=found.stored._replace(seq=expected.seq))
    return found.json == expected.json


async def _repair(storage: Storage, original: Template, trial: _Trial) -> None:
    """What `pattern-store check --repair` does, after which all must be well."""
    await storage.repair()
    trial.problems += [f"not repaired: {finding}" for finding in await findings(storage)]
    trial.unreadable.clear()
    trial.gone.clear()
    await _read(storage, original, trial)


async def _write(storage: Storage, trial: _Trial) -> None:
    try:
        await storage.insert(record("new"))
    except DamagedStore as error:
        _require_help(error, trial)
    else:
        found = await storage.get("new")
        if not trial.findings and (found is None or found.document != record("new").document):
            trial.problems.append("what was acknowledged is not there")


def _require_help(error: PatternStoreError, trial: _Trial) -> None:
    """See that an error says which command helps."""
    if "pattern-store " not in str(error):
        trial.problems.append(f"no way out is told: {error}")


@asynccontextmanager
async def _opened(url: str, *, read_only: bool = False) -> AsyncIterator[Storage]:
    storage = storage_from(
        url, StorageOptions(readers=1, read_only=read_only, must_exist=read_only)
    )
    await storage.open()
    try:
        await storage.ready()
        yield storage
    finally:
        await storage.close()


def main(words: Sequence[str]) -> int:
    """Do it as the command line says; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance corruption")
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    parser.add_argument("--trials", type=int, default=500, help="for each kind of file [500]")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args(words)
    reports = []
    for kind in KINDS:
        if kind.backend in (arguments.backend or BACKENDS):
            with tempfile.TemporaryDirectory() as folder:
                reports.append(
                    asyncio.run(run(kind, arguments.trials, arguments.seed, Path(folder), _tell))
                )
    problems = [problem for report in reports for problem in report.problems]
    print("\n".join([f"seed {arguments.seed}", *problems[:50], HEADER]))
    print("\n".join(report.row() for report in reports), flush=True)
    return int(bool(problems))


def _tell(report: Report, fresh: list[str]) -> None:
    """Show how far it is, and what was wrong in the latest trial."""
    print("".join(f"{problem}\n" for problem in fresh), end="", file=sys.stderr, flush=True)
    if report.trials % 50 == 0:
        print(f"so far: {report.row()}", file=sys.stderr, flush=True)
