"""The speed table from the command line."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.speed.contestants import Reader, Reference, Service
from tests.benchmarks.speed.course import Course
from tests.benchmarks.speed.datasette import Datasette
from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.load import NoLoad, need_wrk
from tests.benchmarks.speed.pocketbase import PocketBase
from tests.benchmarks.speed.programs import PEERS, installed
from tests.benchmarks.speed.report import as_json, markdown
from tests.benchmarks.speed.rounds import Samples
from tests.benchmarks.speed.scale import QUICK, WHOLE
from tests.benchmarks.speed.targets import WORKLOADS

CACHE = Path("~/.cache/pattern-store-benchmarks")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What only the speed table can be told."""
    options = parser.add_argument_group("speed")
    options.add_argument("--quick", action="store_true", help="smaller stores, shorter rounds")
    options.add_argument("--peers", action="store_true", help="PocketBase and Datasette as well")
    options.add_argument("--rounds", type=int, metavar="N")
    options.add_argument("--seconds", type=float, metavar="S", help="of each in a round")
    options.add_argument(
        "--only", nargs="+", choices=sorted({key.split()[0] for key in WORKLOADS}), metavar="ROW",
        help="only these rows: %(choices)s",
    )  # fmt: skip
    options.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    options.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there")


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print the tables; the exit status."""
    chosen = QUICK if arguments.quick else WHOLE
    scale = chosen.of(arguments.patterns, arguments.rounds, arguments.seconds)
    kept = KeptStores((arguments.folder or CACHE).expanduser(), _tell)
    found: dict[str, Samples] = {}
    try:
        need_wrk()
        with tempfile.TemporaryDirectory(dir=kept.folder, prefix="work-") as work:
            peers = _peers(kept) if arguments.peers else ()
            course = Course(kept, Path(work), scale, frozenset(arguments.only or ()), peers)
            for key, samples in course.run():
                _tell(f"measured {WORKLOADS[key].what}")
                found[key] = samples
    except NoLoad as error:
        _tell(str(error))
        return 1
    notes = [f"{each.name}: when the power fails, {each.durable}" for each in (*_WRITERS, *peers)]
    table = markdown(found, scale, notes)
    print(table)
    if arguments.markdown:
        arguments.markdown.write_text(f"{table}\n")
    if arguments.json:
        arguments.json.write_text(as_json(found, scale, notes))
    return 0


_WRITERS = (Reference(), Service(), Service(synchronous="normal"), Service("filesystem"))


def _peers(kept: KeptStores) -> tuple[Reader, ...]:
    programs = installed(kept, *PEERS)
    return PocketBase(programs), Datasette(programs)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
