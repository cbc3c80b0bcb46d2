"""What errors are, found out once: the same come in again and again, most of all in a flood."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from app.learning.fingerprint import Fingerprint, Parts, fingerprint_of

Analysis = Callable[[str, str, str | None, str], tuple[Fingerprint, bytes]]
"""What is found out of an error's type, message, trace and project: who it is, and its features."""

MOST_REMEMBERED = 2048
"""Errors that differ of which it is remembered what they are: of real ones 1 KB each."""


def fingerprint_only(
    error_type: str, error_message: str, stack_trace: str | None, project_name: str
) -> tuple[Fingerprint, bytes]:
    """Who an error is, and no features."""
    return fingerprint_of(error_type, error_message, stack_trace), b""


class Analysed(NamedTuple):
    """What is kept of an error; see `LearnedError`."""

    variant: str
    fingerprint: str
    title: str
    parts: str
    features: bytes


class Analyses:
    """An analysis that remembers what it found out of the latest errors.

    They are known again by a digest of all that is analysed, since that may be long. It is asked
    by one thread at a time.
    """

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis
        self._latest: OrderedDict[bytes, Analysed] = OrderedDict()

    def of(
        self, error_type: str, error_message: str, stack_trace: str | None, project_name: str
    ) -> Analysed:
        """What an error is."""
        asked = error_type, error_message, stack_trace, project_name
        digest = _digest(*asked)
        known = self._latest.get(digest)
        if known is None:
            known = self._latest[digest] = _to_keep(*self._analysis(*asked))
            if len(self._latest) > MOST_REMEMBERED:
                self._latest.popitem(last=False)
        else:
            self._latest.move_to_end(digest)
        return known


def _to_keep(fingerprint: Fingerprint, features: bytes) -> Analysed:
    variant, group, title = fingerprint.variant, fingerprint.group, fingerprint.title
    return Analysed(variant, group, title, _as_json(fingerprint.parts), features)


def _as_json(parts: Parts) -> str:
    return json.dumps({name: getattr(parts, name) for name in Parts.__slots__})


def _digest(*texts: str | None) -> bytes:
    """One of 128 bits; each text's length goes in, so that none runs over into the next."""
    whole = hashlib.blake2b(digest_size=16)
    for text in texts:
        packed = b"" if text is None else text.encode("utf-8", "surrogatepass")
        whole.update(b"%d " % (-1 if text is None else len(packed)))
        whole.update(packed)
    return whole.digest()
