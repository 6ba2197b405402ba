"""The schema's history: one small function for each step from an older version to the next."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete, insert, text

from pytest_mcode.store.schema import VERSION, metadata, schema_version

__all__ = ["MIGRATIONS", "create_or_migrate"]


def add_harness_to_runs(connection: Connection) -> None:
    """Name each run's harness: until then the benchmark, or what its sandbox said, told of repositories."""
    connection.execute(text("ALTER TABLE runs ADD COLUMN harness VARCHAR(64) DEFAULT 'functions' NOT NULL"))
    of_repositories = text("UPDATE runs SET harness = 'repositories' WHERE run_id = :run_id")
    for run_id, benchmark, environment in connection.execute(
        text("SELECT run_id, benchmark, environment FROM runs")
    ).all():
        sandbox = json.loads(environment).get("sandbox") or {}
        if benchmark == "swebench-lite" or "swebench" in sandbox:
            connection.execute(of_repositories, {"run_id": run_id})


MIGRATIONS: tuple[Callable[[Connection], Any], ...] = (add_harness_to_runs,)
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
