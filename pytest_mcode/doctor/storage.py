"""Where results go, and whether there is room for them."""

from collections.abc import Iterator

from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.machine import check_disk

__all__ = ["check_database"]


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
