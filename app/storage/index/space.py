"""Giving space back in short steps, each a transaction of its own, between those of writers."""

import asyncio

from app.storage.index.connections import Connection, checkpoint
from app.storage.index.writer import Writer

_VACUUM_PAGES = 500
"""Pages given back in one step: 2 MB, so that waiting writes hardly notice."""

_MERGE_PAGES = 200
"""Pages of the index of words written in one step."""


_TRIES = 100
_PAUSE_SECONDS = 0.05
"""Between two tries to empty the log: 5 s in all, in which most searches and checkpoints end."""


async def give_back(writer: Writer) -> None:
    """Take what was removed out of the index of words, and free pages out of the file."""
    if await writer.outside(_count_removed_words_anew):
        await writer.outside(_begin_to_merge_words)
        while await writer.outside(_go_on_to_merge_words):
            pass
    while await writer.outside(_vacuum):
        pass
    for _ in range(_TRIES):
        if await writer.outside(checkpoint):
            break
        await asyncio.sleep(_PAUSE_SECONDS)


def _count_removed_words_anew(connection: Connection) -> bool:
    """Whether much of the index of words is of removed patterns; if so, count from 0 again.

    The index keeps what was removed, beside a mark that it was, until both are merged. To
    merge all of it is to write it anew, which is worth it only now and then.
    """
    cursor = connection.execute(
        "UPDATE meta SET value = 0 WHERE name = 'removed_words'"
        " AND 2 * value > (SELECT total(patterns) FROM days)"
    )
    return cursor.rowcount > 0


def _begin_to_merge_words(connection: Connection) -> bool:
    return _merge_words(connection, -_MERGE_PAGES)  # negative: all there is, not as it comes


def _go_on_to_merge_words(connection: Connection) -> bool:
    return _merge_words(connection, _MERGE_PAGES)


def _merge_words(connection: Connection, pages: int) -> bool:
    """Whether there was anything left to merge; FTS5 tells by the rows it changed."""
    before = connection.total_changes
    connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
    return connection.total_changes - before >= 2


def _vacuum(connection: Connection) -> bool:
    """Whether there are more free pages to give back."""
    before = _free_pages(connection)
    connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
    return 0 < _free_pages(connection) < before


def _free_pages(connection: Connection) -> int:
    number: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    return number
