"""Texts labelled by what a person sees in them: secrets, or what only looks like some.

`secrets.ndjson` has one a line. «» stand around each secret, its `kind` beside it, null where
there is none; a ¦ keeps those who search repositories for secrets from taking one for real. All
were made up for the purpose, with random characters in the shapes that issuers use.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parent / "secrets.ndjson"
_SECRET = re.compile("«(.*?)»", re.DOTALL)


class Example(NamedTuple):
    """A text, the secrets in it, and how it is to read without them."""

    text: str
    kind: str | None
    secrets: list[str]
    expected: str


def _example(line: str) -> Example:
    entry = json.loads(line)
    marked = entry["text"].replace("¦", "")
    return Example(
        text=re.sub("[«»]", "", marked),
        kind=entry["kind"],
        secrets=_SECRET.findall(marked),
        expected=_SECRET.sub(f"[redacted:{entry['kind']}]", marked),
    )


EXAMPLES = [_example(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
WITH_SECRETS = [example for example in EXAMPLES if example.secrets]
HARMLESS = [example for example in EXAMPLES if not example.secrets]
