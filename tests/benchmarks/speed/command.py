"""The speed table from the command line."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.speed.contestants import Reader, Reference, Service
from tests.benchmarks.speed.course import Course
from tests.benchmarks.speed.datasette import Datasette
from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.load import NoLoad, need_wrk
from tests.benchmarks.speed.pocketbase import PocketBase
from tests.benchmarks.speed.profile import LOADS, profile
from tests.benchmarks.speed.programs import PEERS, installed
from tests.benchmarks.speed.report import as_json, markdown, remarks
from tests.benchmarks.speed.rounds import Samples
from tests.benchmarks.speed.scale import QUICK, WHOLE, Scale
from tests.benchmarks.speed.targets import ROWS, WORKLOADS

CACHE = Path("~/.cache/pattern-store-benchmarks")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What only the speed table can be told."""
    options = parser.add_argument_group("speed")
    options.add_argument("--quick", action="store_true", help="smaller stores, shorter rounds")
    options.add_argument("--peers", action="store_true", help="PocketBase and Datasette as well")
    options.add_argument("--rounds", type=int, metavar="N")
    options.add_argument("--seconds", type=float, metavar="S", help="of each in a round")
    options.add_argument(
        "--only", nargs="+", choices=ROWS, default=ROWS, metavar="ROW", help="of %(choices)s"
    )
    options.add_argument(
        "--profile", choices=LOADS, metavar="ROW",
        help="instead draw a flame graph of the service under the load of one of %(choices)s",
    )  # fmt: skip
    options.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    options.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there")


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print the tables; the exit status."""
    chosen = QUICK if arguments.quick else WHOLE
    scale = chosen.of(arguments.patterns, arguments.rounds, arguments.seconds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers and copies go
    kept = KeptStores((arguments.folder or CACHE).expanduser(), _tell)
    try:
        need_wrk()
        with tempfile.TemporaryDirectory(dir=kept.folder, prefix="work-") as work:
            if arguments.profile:
                print(profile(arguments.profile, kept, Path(work), scale))
                return 0
            peers = _peers(kept) if arguments.peers else ()
            course = Course(kept, Path(work), scale, frozenset(arguments.only), peers)
            _report(_measured(course), scale, peers, arguments)
    except NoLoad as error:
        _tell(str(error))
        return 1
    return 0


def _measured(course: Course) -> dict[str, Samples]:
    found = {}
    for key, samples in course.run():
        _tell(f"measured {WORKLOADS[key].what}")
        found[key] = samples
    return found


def _report(
    found: dict[str, Samples], scale: Scale, peers: Sequence[Reader], given: argparse.Namespace
) -> None:
    notes = remarks([*_OURS, *peers])
    table = markdown(found, scale, notes)
    print(table)
    if given.markdown:
        given.markdown.write_text(f"{table}\n")
    if given.json:
        given.json.write_text(as_json(found, scale, notes))


_OURS = (Reference(), Service(), Service(synchronous="normal"), Service("filesystem"))


def _peers(kept: KeptStores) -> tuple[Reader, ...]:
    programs = installed(kept, "peers", PEERS)
    return PocketBase(programs), Datasette(programs)


def _tell(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
