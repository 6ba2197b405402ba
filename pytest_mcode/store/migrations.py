"""The schema's history: one small function for each step from an older version to the next."""

import json
import shlex
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, delete, insert, text

from pytest_mcode.records import to_json
from pytest_mcode.redaction import redacted
from pytest_mcode.store.schema import VERSION, choices, metadata, schema_version, shards

__all__ = ["MIGRATIONS", "create_or_migrate"]


def add_harness_to_runs(connection: Connection) -> None:
    """Name each run's harness: so far the benchmark or the sandbox's record showed repositories."""
    connection.execute(text("ALTER TABLE runs ADD COLUMN harness VARCHAR(64) DEFAULT 'functions' NOT NULL"))
    of_repositories = text("UPDATE runs SET harness = 'repositories' WHERE run_id = :run_id")
    for run_id, benchmark, environment in connection.execute(
        text("SELECT run_id, benchmark, environment FROM runs")
    ).all():
        sandbox = json.loads(environment).get("sandbox") or {}
        if benchmark == "swebench-lite" or "swebench" in sandbox:
            connection.execute(of_repositories, {"run_id": run_id})


def add_seconds_to_attempts(connection: Connection) -> None:
    """Add what earlier versions did not measure."""
    for column in ("cpu_seconds", "wall_seconds"):
        connection.execute(text(f"ALTER TABLE attempts ADD COLUMN {column} FLOAT"))


def count_passes_in_process(connection: Connection) -> None:
    """Count by task the samples whose last attempt passed in one process."""
    connection.execute(text("ALTER TABLE tasks ADD COLUMN passed_in_process INTEGER DEFAULT '0' NOT NULL"))
    connection.execute(
        text(
            "UPDATE tasks SET passed_in_process = (SELECT count(*) FROM attempts AS a WHERE a.task = tasks.id"
            " AND a.mode = 'in_process' AND a.verdict = 'passed' AND a.iteration = (SELECT max(b.iteration)"
            " FROM attempts AS b WHERE b.task = a.task AND b.sample = a.sample))"
        )
    )


def to_version_2(connection: Connection) -> None:
    """Lead from version 1 to 2."""
    add_harness_to_runs(connection)
    add_seconds_to_attempts(connection)
    count_passes_in_process(connection)


def add_what_repairs_are_worth(connection: Connection) -> None:
    """Add what earlier versions did not look for: repeats, single examples, a helper model's tokens."""
    for column in ("repeats", "repeat_tokens", "helper_prompt_tokens", "helper_completion_tokens"):
        connection.execute(text(f"ALTER TABLE tasks ADD COLUMN {column} INTEGER"))
    connection.execute(text("ALTER TABLE attempts ADD COLUMN repeat_of VARCHAR(24)"))
    connection.execute(text("ALTER TABLE attempts ADD COLUMN examples VARCHAR"))
    for column in ("helper_prompt_tokens", "helper_completion_tokens"):
        connection.execute(text(f"ALTER TABLE attempts ADD COLUMN {column} INTEGER"))


def forget_partial_sums_of_tokens(connection: Connection) -> None:
    """Leave a task without a sum where an answered attempt lacks its tokens: earlier versions took 0."""
    refused = ", ".join(f"'{kind}'" for kind in ("context_overflow", "content_filter"))
    for column in ("prompt_tokens", "completion_tokens"):
        connection.execute(
            text(
                f"UPDATE tasks SET {column} = NULL WHERE EXISTS (SELECT 1 FROM attempts AS a WHERE "
                f"a.task = tasks.id AND a.{column} IS NULL AND a.verdict NOT IN ({refused}))"
            )
        )


def add_choices(connection: Connection) -> None:
    """Add the table of what is handed in of several samples."""
    choices.create(connection)  # as it is in version 5: freeze it here when a later version changes it


def add_tags_and_notes(connection: Connection) -> None:
    """Add to runs what people say of them, and indexes by which rates of many are counted at once."""
    for column in ("tags", "note"):
        connection.execute(text(f"ALTER TABLE runs ADD COLUMN {column} TEXT DEFAULT '' NOT NULL"))
    connection.execute(text("CREATE INDEX tasks_by_status ON tasks (run_id, test, status)"))
    in_containers = "CREATE INDEX attempts_passed_in_containers ON attempts (task) WHERE "
    connection.execute(text(f"{in_containers} mode = 'container' AND verdict = 'passed'"))


def hide_passwords_and_add_shards(connection: Connection) -> None:
    """Hide passwords that sessions on PostgreSQL have stored, and add the table of who does what of a run."""
    change = text("UPDATE runs SET settings = :settings, environment = :environment WHERE run_id = :run_id")
    for run_id, settings, environment in connection.execute(
        text("SELECT run_id, settings, environment FROM runs WHERE settings LIKE '%://%@%'")
    ).all():
        hidden = {name: redacted(value) for name, value in json.loads(settings).items()}
        about = json.loads(environment)
        if "command" in about:
            about["command"] = shlex.join(map(redacted, shlex.split(about["command"])))
        values = {"settings": to_json(hidden), "environment": to_json(about), "run_id": run_id}
        connection.execute(change, values)
    shards.create(connection)  # as it is in version 7: freeze it here when a later version changes it


MIGRATIONS: tuple[Callable[[Connection], Any], ...] = (
    to_version_2,
    add_what_repairs_are_worth,
    forget_partial_sums_of_tokens,
    add_choices,
    add_tags_and_notes,
    hide_passwords_and_add_shards,
)
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
