"""The errors of SQLite and of the disk as the contract's: what damage is, and what can be done."""

import errno
import sqlite3

from app.errors import DamagedStore, StorageUnavailable

_REMEDIES = {
    errno.ENOSPC: " Make room on the disk.",
    errno.EDQUOT: " Make room on the disk, or raise the quota.",
    errno.EFBIG: " Raise the limit on the size of files.",
    errno.EROFS: " Mount the disk so that it can be written.",
    errno.EACCES: " Give it to the user that runs the service (chown), or allow access (chmod).",
    errno.EPERM: " Give it to the user that runs the service (chown), or allow access (chmod).",
    errno.ENOTDIR: " Move the file away that stands where a folder should be.",
}
_SAME_AS = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_PERM: errno.EACCES,
}

_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_TOOBIG,
    }
)
"""SQLite's errors that only a damaged file brings about: no statement of ours violates a
constraint unless the tables contradict each other."""

DRIVER_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What the driver raises: where names are damaged, it cannot read its own messages."""


def translated(error: Exception) -> Exception:
    """The driver's or the file system's error as the contract's; any other as it is."""
    if is_damage(error):
        return DamagedStore(
            f"The store is damaged: {explained(error)}. What is elsewhere can be read; "
            "pattern-store check tells what is damaged, and what repairs it."
        )
    if is_contradiction(error):
        return DamagedStore(
            f"The store does not answer: {error}. Its tables are damaged, or of an earlier "
            "version: pattern-store check tells."
        )
    if isinstance(error, sqlite3.Error | OSError):
        return StorageUnavailable(f"The store does not answer: {error}.{_remedy(error)}")
    return error


def damage(why: str) -> sqlite3.DatabaseError:
    """What SQLite would raise, of damage that it cannot know."""
    error = sqlite3.DatabaseError(why)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def is_damage(error: Exception) -> bool:
    """Whether an error of the driver says that the file is damaged."""
    if isinstance(error, UnicodeDecodeError):  # of a name in the driver's message
        return True
    if not isinstance(error, sqlite3.Error):
        return False
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:  # it is Python's, of a text that is no UTF-8
        return isinstance(error, sqlite3.OperationalError)
    return code & 0xFF in _DAMAGE


def is_contradiction(error: Exception) -> bool:
    """Whether a statement did not fit the tables: of another version, or damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.OperationalError) and code == sqlite3.SQLITE_ERROR


def explained(error: Exception) -> str:
    """What is damaged, without what is stored there."""
    return str(error).partition(" with text ")[0]


def _remedy(error: sqlite3.Error | OSError) -> str:
    """What a person can do about it, where that is known."""
    if isinstance(error, OSError):
        return _REMEDIES.get(error.errno or 0, "")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return _REMEDIES.get(_SAME_AS.get(code, 0), "")
