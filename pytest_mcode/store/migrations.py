"""The schema's history: one small function for each step from an older version to the next."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete, insert

from pytest_mcode.store.schema import VERSION, metadata, schema_version

__all__ = ["MIGRATIONS", "create_or_migrate"]

MIGRATIONS: tuple[Callable[[Connection], Any], ...] = ()
"""Step i leads from version i + 1 to i + 2. A step is never edited once released: add another."""


def create_or_migrate(connection: Connection, version: int) -> None:
    """Bring a database from `version` (0: empty) to the newest schema, within the caller's transaction."""
    if version == VERSION:
        return
    if version == 0:
        metadata.create_all(connection)
    else:
        for step in MIGRATIONS[version - 1 :]:
            step(connection)
    connection.execute(delete(schema_version))
    connection.execute(insert(schema_version).values(version=VERSION))
