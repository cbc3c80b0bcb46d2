"""Load on a server, made by wrk (https://github.com/wg/wrk)."""

import json
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

_SCRIPTS = Path(__file__).parent
_LARGEST_SEED = 2**31 - 1
_LONGEST = 600
_FIRST_ANSWER_SECONDS = 30.0
"""How long a load is made longer where nothing was answered."""


ID = "@id@"
"""What stands for the id in a line to post."""

TIME = "@time@"
"""What stands, after it, for the time of posting."""


class NoLoad(Exception):
    """The load could not be made, or the server did not bear it."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a load amounted to: requests answered, in seconds; `p50` is the time of an answer."""

    requests: int
    seconds: float
    p50: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True)
class Posting:
    """How lines are posted: so many in a body, and what stands before, between and after them."""

    path: str
    content_type: str = "application/json"
    lines: int = 1
    before: str = ""
    between: str = ""
    after: str = ""


def need_wrk() -> None:
    """Raise NoLoad where wrk is not installed."""
    if shutil.which("wrk") is None:
        raise NoLoad("wrk makes the load, and is not installed: apt-get install wrk")


def post(url: str, posting: Posting, lines: Path, *, connections: int, seconds: float) -> Load:
    """Post the lines of a file over and over, each time under a new id, as of that moment."""
    arguments = [str(lines), posting.path, posting.content_type, str(posting.lines)]
    framing = [posting.before, posting.between, posting.after]
    return _wrk(url, "post.lua", [*arguments, *framing], connections, seconds)


def get(url: str, paths: Path, *, connections: int, seconds: float) -> Load:
    """Get the paths of a file over and over."""
    return _wrk(url, "get.lua", [str(paths)], connections, seconds)


def _wrk(url: str, script: str, arguments: Sequence[str], connections: int, seconds: float) -> Load:
    seed = str(SystemRandom().randrange(_LARGEST_SEED))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{_LONGEST}s", "--timeout", "60s"]
    with subprocess.Popen(
        [*command, "-s", script, url, "--", *arguments, seed],
        cwd=_SCRIPTS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)  # wrk ends, and tells what it did so far
            output, _ = process.communicate()
        finally:
            process.kill()  # where this program is to end meanwhile
    lines = output.splitlines()
    if process.returncode or not lines or not lines[-1].startswith("{"):
        raise NoLoad(f"wrk failed: {output}")
    found = json.loads(lines[-1])
    if not found["requests"] and not found["broken"] and seconds < _FIRST_ANSWER_SECONDS:
        return _wrk(url, script, arguments, connections, 2 * seconds)
    if found["refused"] or found["broken"] or not found["requests"]:
        raise NoLoad(f"{url} did not bear {script} {arguments[:2]}: {found}")
    return Load(found["requests"], found["microseconds"] / 1e6, found["p50"] / 1e6)
