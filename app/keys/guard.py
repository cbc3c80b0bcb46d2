"""Who is let in: the keys in force, read again when their file has changed."""

import hmac
import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from app.errors import DamagedKeys, KeysUnavailable, Unauthenticated
from app.keys.bucket import Bucket
from app.keys.file import KeysFile
from app.keys.key import ANYONE, Caller, Key, hash_of, id_in

LOOK_SECONDS = 1.0
"""How often the file is looked at, at most."""

_log = logging.getLogger(__name__)


class _Known(NamedTuple):
    """A key at hand: all that a request needs of it."""

    hash: bytes
    caller: Caller
    key: Key
    bucket: Bucket | None


class Guard:
    """Tells callers by their keys.

    Without a keys file anyone may do anything. A file that cannot be read, or is gone after
    it was there, lets nobody in.
    """

    def __init__(self, file: KeysFile, clock: Callable[[], int]) -> None:
        self._file = file
        self._clock = clock
        self._known: dict[bytes, _Known] | None = None
        self._damaged = False
        self._seen: tuple[int, ...] | None = None
        self._next_look = 0.0

    def caller(self, text: bytes | None) -> Caller:
        """Whose key a text is, None where a request brings none.

        Raises Unauthenticated, RateLimited and KeysUnavailable.
        """
        moment = time.monotonic()
        if moment >= self._next_look:
            self._next_look = moment + LOOK_SECONDS
            self._look()
        if self._damaged:
            raise KeysUnavailable(
                "The service cannot read its keys, and lets nobody in until then; its log has why."
            )
        if self._known is None:
            return ANYONE
        if text is None:
            raise Unauthenticated("Send a key, as `Authorization: Bearer …` or as `X-API-Key: …`.")
        known = self._known.get(id_in(text))
        if not hmac.compare_digest(hash_of(text), known.hash if known else bytes(32)) or not known:
            raise Unauthenticated("The service does not know this key.")
        key = known.key
        if key.revoked_at is not None:
            raise Unauthenticated("The key is revoked.")
        if key.expires_at is not None and key.expires_at <= self._clock():
            raise Unauthenticated("The key is expired.")
        if known.bucket is not None:
            known.bucket.take(self._clock())
        return known.caller

    def _bucket_for(self, key: Key) -> Bucket | None:
        """What limits a key; the same as before, however often the file is read."""
        if key.requests_per_minute is None:
            return None
        known = (self._known or {}).get(key.id.encode())
        if known and known.bucket and known.bucket.per_minute == key.requests_per_minute:
            return known.bucket
        return Bucket(key.requests_per_minute, self._clock())

    def _look(self) -> None:
        """Read the file if it is another than before, or could not be read then."""
        seen: tuple[int, ...] | None
        try:
            stat = self._file.path.stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        except FileNotFoundError:
            seen = None
        except OSError:  # reading it will say what is wrong
            seen = ()
        if seen == self._seen and not self._damaged:
            return
        try:
            keys = self._file.read()
            if keys is None and self._seen is not None:
                raise DamagedKeys(
                    f"The keys file {self._file.path.absolute()} is gone. Nobody is let in until "
                    "it is there again, or the service is started anew."
                )
        except DamagedKeys as error:
            if not self._damaged:
                _log.error("keys unreadable, nobody is let in", extra={"why": str(error)})
            self._damaged = True
            self._seen = self._seen or ()
            return
        if keys is not None:
            self._known = {
                key.id.encode(): _Known(
                    bytes.fromhex(key.hash), key.caller, key, self._bucket_for(key)
                )
                for key in keys
            }
            _log.info("keys read", extra={"keys": len(keys)})
        self._damaged = False
        self._seen = seen
