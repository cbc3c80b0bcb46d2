"""`python -m tests.endurance overload`: bear it long, and print what it was like."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.endurance import overload

RUNS = {"overload": overload.run}
"""What can be run, by name; a further one is a further line."""


def main() -> int:
    """Run what the command line names; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance", description=__doc__)
    parser.add_argument("name", choices=RUNS)
    parser.add_argument("--seconds", type=float, default=60, help="how long [60]")
    parser.add_argument("--backend", choices=("sqlite", "filesystem"), default="sqlite")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(RUNS[arguments.name](Path(folder), arguments.seconds, arguments.backend))


if __name__ == "__main__":
    sys.exit(main())
