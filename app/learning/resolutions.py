"""What makes two resolutions one."""

import hashlib


def resolution_hash(text: str) -> str | None:
    """16 hexadecimal digits for a text, but for case and white space; None for a blank one."""
    words = text.casefold().split()
    if not words:
        return None
    joined = " ".join(words).encode("utf-8", "replace")
    return hashlib.blake2b(joined, digest_size=8).hexdigest()


def resolution_id(group_id: str, resolution: str) -> str:
    """The id of a resolution of a group, by its hash; it says which group that is."""
    return f"res-{resolution}-{group_id.removeprefix('err-')}"
