"""Power failures: what a tree of files would be after one, at any moment of a history.

All calls of the disk are recorded while a store is written to. Then, for a moment and a choice
of what reached the disk of all that was not synced, the files are laid out anew; a store opened
on them must have everything acknowledged before that moment. That each sync is needed is tried
by leaving it out: then something must be lost.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from app.errors import PatternStoreError
from app.schemas.filters import Filters
from app.storage.base import Tombstone
from app.storage.filesystem import FilesystemStorage
from tests.contract.reading import all_changes, findings
from tests.endurance.disk import Change, Choice, Content, Disk, Entries, Sync
from tests.endurance.ledger import Found, Ledger
from tests.endurance.recording import Recording, recording
from tests.endurance.scripted import STORE, Decided, Given, Kept, happen, open_store
from tests.records import record

Tree = dict[str, bytes | None]


@dataclass
class Report:
    """What came of it; for each sync that was left out, what was lost first."""

    cuts: int = 0
    problems: list[str] = field(default_factory=list)
    left_out: dict[str, str | None] = field(default_factory=dict)

    def __str__(self) -> str:
        unseen = [site for site, loss in self.left_out.items() if loss is None]
        lines = [*self.problems[:50]]
        lines += [
            f"without {site}: {loss or 'NOTHING LOST'}" for site, loss in self.left_out.items()
        ]
        lines.append(
            f"{self.cuts} power failures, {len(self.problems)} losses; {len(self.left_out)} syncs "
            f"left out in turn, {len(unseen)} unnoticed"
        )
        return "\n".join(lines)


async def recorded(folder: Path) -> Recording:
    """The history, as it went to a folder."""
    with recording(folder) as record:
        await happen(record)
    return record


def sites(record: Recording) -> list[str]:
    """The places in the program that ask for syncs."""
    return sorted({event.site for event in record.events if isinstance(event, Sync) and event.site})


def none_of_it(_: int, change: Change) -> float:
    """Nothing that was not synced has reached the disk."""
    return 0.0


def removals_alone(_: int, change: Change) -> float:
    """Only names have gone that were to go."""
    return float(isinstance(change, Entries) and set(change.names.values()) == {None})


def by_chance(seed: int) -> Choice:
    """Each change has reached the disk, or has not, or in part."""

    def choice(place: int, change: Change) -> float:
        random = Random(f"{seed} {place}")
        whole = isinstance(change, Entries) or random.random() < 0.5
        return float(random.random() < 0.5) if whole else random.random()

    return choice


def trees(record: Recording, choice: Choice, without: str | None = None) -> Iterator[Tree]:
    """The files after a power failure before each event, and after the last."""
    disk = Disk(record.directories)
    for place, event in enumerate(record.events):
        yield disk.after_failure(choice)
        if isinstance(event, Sync):
            if event.site != without:
                disk.sync(event.node)
        elif isinstance(event, Entries | Content):
            disk.change(place, event)
    yield disk.after_failure(choice)


async def try_cuts(record: Recording, cuts: int, seed: int) -> Report:
    """Cut the power so many times, at random moments."""
    random = Random(seed)
    report = Report()
    while report.cuts < cuts:
        chosen = random.choice([none_of_it, removals_alone, *map(by_chance, range(seed, seed + 8))])
        # Many moments of one choice at a time, since a disk is played through for each choice.
        moments = set(random.sample(range(len(record.events) + 1), min(25, cuts - report.cuts)))
        for moment, tree in enumerate(trees(record, chosen)):
            if moment in moments:
                report.cuts += 1
                report.problems += await _losses(record, moment, tree)
    return report


async def leave_out(record: Recording, site: str) -> str | None:
    """The first loss when one place does not sync, None where there is none."""
    tried: set[tuple[int, int]] = set()
    told = [*accumulate(not isinstance(each, Sync | Content | Entries) for each in record.events)]
    for choice in (none_of_it, removals_alone, *map(by_chance, range(5))):
        both = zip(trees(record, choice), trees(record, choice, without=site), strict=True)
        for moment, (with_it, without_it) in enumerate(both):
            fingerprint = hash(frozenset(without_it.items())), [0, *told][moment]
            if with_it == without_it or fingerprint in tried:
                continue
            tried.add(fingerprint)
            if losses := await _losses(record, moment, without_it):
                return losses[0]
    return None


async def _losses(record: Recording, moment: int, tree: Tree) -> list[str]:
    """What a store misses that is opened on what a power failure left."""
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        lay_out(Path(folder), tree)
        try:
            storage = await open_store(Path(folder) / STORE)
        except PatternStoreError as error:
            return [f"at {moment}: lost: {error}"]
        try:
            problems = await _compared(record.events[:moment], storage)
            kept = _contents(Path(folder))
        finally:
            await storage.close()
    for event in record.events[:moment]:
        if isinstance(event, Kept) and event.content not in kept:
            problems.append(f"lost: a file that somebody put there: {event.content!r}")
    return [f"at {moment}: {problem}" for problem in problems]


async def _compared(events: Sequence[Any], storage: FilesystemStorage) -> list[str]:
    ledger, given = Ledger(), 0
    for event in events:
        if isinstance(event, Given):
            given = max(given, event.seq)
        elif callable(event):
            event(ledger)
    problems = [*ledger.problems(await _everything(storage))]
    decided = [event.decision for event in events if isinstance(event, Decided)]
    kept = await storage.decisions(Filters(), after=0, limit=1000)
    problems += [f"lost: {decision}" for decision in decided if decision not in kept]
    problems += [f"other: check finds {finding}" for finding in await findings(storage)]
    new = await storage.insert(record("new"))
    if new.stored.seq <= given:
        problems.append(f"lost: that {given} was given: {new.stored.seq} came after it")
    return problems


async def _everything(storage: FilesystemStorage) -> Found:
    found = Found()
    for change in await all_changes(storage, deletes=True):
        if isinstance(change, Tombstone):
            found.deleted.add(change.pattern_id)
        else:
            found.patterns[change.pattern_id].append(json.loads(change.json))
    return found


def _contents(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lay_out(folder: Path, tree: Tree) -> None:
    """Make the files, as old as they are when a machine is up again."""
    for path, content in tree.items():
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)
            os.utime(folder / path, (0, 0))


def _memory() -> str | None:
    """A file system in memory, where there is one: what is tried here needs no disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


async def _run(cuts: int, seed: int) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        record = await recorded(Path(folder))
    report = await try_cuts(record, cuts, seed)
    for site in sites(record):
        report.left_out[site] = await leave_out(record, site)
    return report


def main(words: Sequence[str]) -> int:
    """Do it as the command line says; 1 where anything was lost, or a sync not missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance replay", description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000, help="power failures [1000]")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args(words)
    report = asyncio.run(_run(arguments.cuts, arguments.seed))
    print(f"seed {arguments.seed}: {report}")
    return int(bool(report.problems) or None in report.left_out.values())
