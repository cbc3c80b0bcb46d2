"""Damaging a store as failing disks do."""

from pathlib import Path


def overwrite_page(database: Path, marker: bytes) -> None:
    """Overwrite the page of a closed SQLite database that holds some bytes of a document."""
    content = database.read_bytes()
    page_size = int.from_bytes(content[16:18], "big")
    start = content.index(marker) // page_size * page_size
    with database.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * page_size)
