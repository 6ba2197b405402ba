"""Where results go, and whether there is room for them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from pytest_mcode.doctor import Finding

__all__ = ["check_database", "check_disk", "free_bytes"]

ROOM = 2**30
"""Bytes below which a disk counts as nearly full: far more than a run's record takes."""


def check_database(db: str) -> Iterator[Finding]:
    """Open the results database as a session does, which creates nothing."""
    from pytest_mcode.store import Store

    with Store.open(db) as store:
        place = store.place
        new = place.path is not None and not place.path.exists()
        state = "can be created" if new else "can be opened"
        yield Finding(check="database", level="ok", message=f"{place} {state}")
    if place.path is not None:
        yield from check_disk("results", place.path)


def check_disk(whose: str, path: Path, needed: int = ROOM) -> Iterator[Finding]:
    """Compare the room left on the disk of `path`, which need not exist yet, with `needed` bytes."""
    free = free_bytes(path)
    message = f"{_gigabytes(free)} free for {whose} at {path}"
    data = {"free_bytes": free, "needed_bytes": needed}
    if free >= needed:
        yield Finding(check="disk", level="ok", message=message, data=data)
    else:
        yield Finding(
            check="disk",
            level="warning",
            message=f"{message}, {_gigabytes(needed)} wanted",
            remedy="make room, or move it to another disk",
            data=data,
        )


def free_bytes(path: Path) -> int:
    """Return the bytes left to this user on the disk of `path`'s nearest existing parent."""
    existing = next(each for each in (path, *path.parents) if each.exists())
    return shutil.disk_usage(existing).free


def _gigabytes(size: int) -> str:
    return f"{size / 10**9:.1f} GB"
