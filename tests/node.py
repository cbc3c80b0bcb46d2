"""Programs from npm, as tests run them."""

import os
import subprocess
from pathlib import Path

from tests.tools import missing

FOLDER = Path(__file__).parent / "typescript"
PROGRAMS = FOLDER / "node_modules" / ".bin"

QUIET = {
    "REDOCLY_TELEMETRY": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "SCARF_ANALYTICS": "false",
}
"""Programs of a test call nobody."""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program that npm has installed for the tests, or Node.js itself, to its end."""
    if not PROGRAMS.exists():
        missing("the programs are not installed: npm --prefix tests/typescript ci")
    return subprocess.run(
        [program if program == "node" else str(PROGRAMS / program), *arguments],
        cwd=FOLDER,
        env=os.environ | QUIET,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
