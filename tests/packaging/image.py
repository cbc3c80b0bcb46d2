"""The Dockerfile as data: no engine runs here, so the tests run what it says themselves."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Image:
    """A Dockerfile's instructions, in order; continued lines are one."""

    instructions: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """The arguments of each instruction of a name, over all stages."""
        return [arguments for found, arguments in self.instructions if found == name]

    def last(self, name: str) -> str:
        """The arguments that count for the image: those of the last such instruction."""
        stages = [place for place, (found, _) in enumerate(self.instructions) if found == "FROM"]
        final = self.instructions[stages[-1] :]
        return [arguments for found, arguments in final if found == name][-1]

    def command(self) -> list[str]:
        """What the container runs."""
        return _words(self.last("CMD"))

    def healthcheck(self) -> list[str]:
        """What the engine runs to see whether the container is well."""
        return _words(self.last("HEALTHCHECK").partition("CMD ")[2])

    def environment(self) -> dict[str, str]:
        """The variables of the service."""
        pairs = (pair.partition("=") for pair in shlex.split(self.last("ENV")))
        return {name: value for name, _, value in pairs if name.startswith("PATTERNS_")}


def read_image(path: Path = ROOT / "Dockerfile") -> Image:
    """The instructions of a Dockerfile."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = (line.partition(" ") for line in text.splitlines() if line)
    return Image(tuple((name, arguments.strip()) for name, _, arguments in pairs))


def _words(arguments: str) -> list[str]:
    """The words of an exec form, which is JSON; the shell form fails here, as it should."""
    return [str(word) for word in json.loads(arguments)]
