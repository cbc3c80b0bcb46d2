"""Compressing what is old, so that a store stays small without losing anything."""

from collections.abc import Callable
from dataclasses import dataclass

from app.service.reports import by_day, by_type
from app.storage.base import Storage


@dataclass(slots=True)
class CompressionReport:
    """What a run did, or with `dry_run` would do; sizes of the store on disk in bytes."""

    dry_run: bool
    patterns: int
    bytes_before: int
    bytes_after: int
    by_type: dict[str, int]
    by_day: dict[str, int]


async def compress(
    storage: Storage,
    before: int,
    *,
    dry_run: bool,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> CompressionReport:
    """Compress what is older than a time, and give the space back to the file system.

    `on_progress` hears of patterns done and in total.
    """
    size = storage.stored_bytes()
    tallies, seqs = await storage.compressible(before)
    report = CompressionReport(dry_run, len(seqs), size, size, by_type(tallies), by_day(tallies))
    if dry_run:
        return report
    report.patterns = 0
    steps = 0
    async for done in storage.compress(before):
        steps += 1
        report.patterns += done
        on_progress(report.patterns, len(seqs))
    if steps:
        await storage.reclaim()
    report.bytes_after = storage.stored_bytes()
    return report
