"""A flame graph of this service under a row's load, drawn by py-spy."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.speed.contestants import Service
from tests.benchmarks.speed.entries import Entry, entered
from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.load import NoLoad
from tests.benchmarks.speed.programs import PROFILER, installed
from tests.benchmarks.speed.scale import Scale
from tests.benchmarks.speed.writing import BATCH_CONNECTIONS, CONNECTIONS

_SECONDS = 10
_MARGIN_SECONDS = 2
_RATE = 250

LOADS: dict[str, Callable[[Entry, float], object]] = {
    "W1": lambda entry, seconds: entry.post(Service.single, CONNECTIONS, seconds),
    "W2": lambda entry, seconds: entry.post(Service.batch, BATCH_CONNECTIONS, seconds),
    "W3": lambda entry, seconds: entry.get("ids", CONNECTIONS, seconds),
    "W4": lambda entry, seconds: entry.get("latest", 1, seconds),
    "W5": lambda entry, seconds: entry.get("spans", 1, seconds),
}
"""The loads that can be looked into, by row."""


def profile(row: str, kept: KeptStores, work: Path, scale: Scale) -> Path:
    """Draw the flame graph, a branch a thread, into the present folder; its path."""
    py_spy = installed(kept, "profiler", PROFILER) / "py-spy"
    graph = Path(f"profile-{row}.svg")
    options = ["--threads", "--rate", str(_RATE), "--duration", str(_SECONDS)]
    patterns = scale.few if row in {"W1", "W2"} else scale.patterns
    with entered(Service(), kept, patterns, work=work) as entry:
        entry.wait()
        pid = entry.server.process.pid
        command = [str(py_spy), "record", "--pid", str(pid), "--output", str(graph)]
        pipe = subprocess.PIPE
        recording = subprocess.Popen([*command, *options], text=True, stdout=pipe, stderr=pipe)
        LOADS[row](entry, _SECONDS + _MARGIN_SECONDS)
        _, output = recording.communicate()
    if recording.returncode:
        raise NoLoad(f"py-spy failed; it may need to be run as root: {output}")
    return graph
