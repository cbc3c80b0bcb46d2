"""What is measured, and what is to be reached."""

from dataclasses import dataclass

FULL, NORMAL, FILES = "sqlite, FULL", "sqlite, NORMAL", "filesystem"
REF, REF_IN_THREAD = "REF", "REF, route in a thread"
RAW, POCKETBASE, DATASETTE = "RAW", "PocketBase", "Datasette"
DISK = "a write of 4 KiB and its sync alone"
FEW, MANY = "few stored", "many stored"
FIRST, DEEP = "page 1", "deep page"


@dataclass(frozen=True, slots=True)
class Workload:
    """Something measured: what it is, and its unit (`/s`, `ms`, `s` or `MB`)."""

    what: str
    unit: str


WORKLOADS = {
    "W1 32": Workload("W1 single POST, 32 connections", "/s"),
    "W1 1": Workload("W1 single POST, 1 connection", "/s"),
    "W2": Workload("W2 NDJSON batches of 1,000, 2 connections", "/s"),
    "W3 1": Workload("W3 one by id, 1 connection, p50", "ms"),
    "W3 32": Workload("W3 one by id, 32 connections", "/s"),
    "W4": Workload("W4 latest 50 of a type with a tag in 7 days, p50", "ms"),
    "W5": Workload("W5 success and durations by agent over 7 days, p50", "ms"),
    "deep": Workload("deep pages of W4 (without the 7 days), p50", "ms"),
    "ingest single": Workload("ingest as it grows, single POST, 32 connections", "/s"),
    "ingest batch": Workload("ingest as it grows, batches of 1,000, 2 connections", "/s"),
    "start": Workload("cold start to the first 200", "s"),
    "memory": Workload("idle memory (PSS), few stored", "MB"),
    "memory empty": Workload("idle memory (PSS), nothing stored", "MB"),
}
"""By key; the order is that of the table."""

ROWS = tuple(dict.fromkeys(key.split()[0] for key in WORKLOADS))
"""What can be asked for by itself."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a median is to be at least, or at most where `most`: as it is, or beside another's."""

    workload: str
    of: str
    to: str | None
    limit: float
    aim: str
    most: bool = False

    def met(self, median: float) -> bool:
        """Whether a median meets it."""
        return median <= self.limit if self.most else median >= self.limit

    @property
    def bound(self) -> str:
        """The limit as a text."""
        return f"{'≤' if self.most else '≥'} {self.limit:g}"


TARGETS = (
    Target("W1 32", FULL, REF, 1.0, "1.3"),
    Target("W1 32", FULL, REF_IN_THREAD, 1.0, "1.3"),
    Target("W1 1", FULL, REF, 0.45, "0.5"),
    Target("W1 1", FULL, REF_IN_THREAD, 0.45, "0.5"),
    Target("W1 1", NORMAL, REF, 0.75, "0.85"),
    Target("W1 1", NORMAL, REF_IN_THREAD, 0.75, "0.85"),
    Target("W2", FULL, RAW, 0.5, "0.7"),
    Target("W3 1", FULL, POCKETBASE, 1.3, "below 1", most=True),
    Target("W3 32", FULL, POCKETBASE, 0.8, "above 1"),
    Target("W4", FULL, RAW, 3.0, "2", most=True),
    Target("W4", FULL, POCKETBASE, 0.5, "", most=True),
    Target("W5", FULL, None, 100.0, "20 ms", most=True),
    Target("deep", DEEP, FIRST, 1.5, "", most=True),
    Target("ingest single", MANY, FEW, 0.8, "0.95"),
    Target("ingest batch", MANY, FEW, 0.8, "0.95"),
    Target("start", FULL, REF, 1.5, "1.2", most=True),
    Target("memory", FULL, REF, 1.5, "1.2", most=True),
    Target("memory empty", FULL, REF, 1.5, "1.2", most=True),
)
