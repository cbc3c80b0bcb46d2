"""Open files: enough for the connections allowed, and for the store beside them."""

import resource

_KEPT_FREE = 256
"""For the store: readers, what is being written, compressed, backed up."""


def make_room_for(connections: int) -> int:
    """Raise the process's limit of open files for so many connections, as far as it may.

    Returns how many there is room for. Without a limit of their own they would use up the
    files, and then the store could open none.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _KEPT_FREE
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(wanted - _KEPT_FREE, wanted // 2)
