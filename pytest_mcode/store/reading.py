"""From rows back to records: runs, outcomes, attempts."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from pytest_mcode.records import Attempt, Choice, RunInfo, TaskOutcome, Verdict
from pytest_mcode.store import schema
from pytest_mcode.store.choices import read_choices
from pytest_mcode.store.store import Store

__all__ = ["read_attempts", "read_outcomes", "read_run"]


def read_run(store: Store, run_id: str) -> RunInfo | None:
    """Return what `Store.begin_run` was given, or None for an unknown run."""
    with store.engine.connect() as connection:
        row = connection.execute(select(schema.runs).where(schema.runs.c.run_id == run_id)).mappings().first()
    return RunInfo(**{field.name: row[field.name] for field in fields(RunInfo)}) if row else None


def read_outcomes(
    store: Store, run_id: str, *, task_id: str | None = None, test: str | None = None
) -> Iterator[TaskOutcome]:
    """Yield the outcomes of a run in the order in which they were recorded, each with its attempts."""
    tasks = schema.tasks
    statement = select(tasks).where(tasks.c.run_id == run_id).order_by(tasks.c.id)
    if task_id is not None:
        statement = statement.where(tasks.c.task_id == task_id)
    if test is not None:
        statement = statement.where(tasks.c.test == test)
    with store.engine.connect() as connection:
        for row in connection.execute(statement).mappings().all():
            choices = read_choices(connection, row["id"])
            yield _outcome(row, read_attempts(connection, row["id"]), choices)


def read_attempts(connection: Connection, task_key: int) -> tuple[Attempt, ...]:
    """Return the attempts of one row of ``tasks``, by sample and iteration."""
    attempts = schema.attempts
    statement = select(attempts).where(attempts.c.task == task_key)
    ordered = statement.order_by(attempts.c.sample, attempts.c.iteration)
    return tuple(_attempt(row) for row in connection.execute(ordered).mappings())


def _outcome(row: RowMapping, attempts: tuple[Attempt, ...], choices: tuple[Choice, ...]) -> TaskOutcome:
    own = {field.name for field in fields(TaskOutcome)} - {"attempts", "choices"}
    values = {name: row[name] for name in own} | {"tags": tuple(row["tags"])}
    return TaskOutcome(**values, attempts=attempts, choices=choices)


def _attempt(row: RowMapping) -> Attempt:
    own = {field.name for field in fields(Attempt)} - {"verdict", "public_verdict"}
    public: dict[str, Any] | None = row["public_details"]
    verdict = Verdict(
        kind=row["verdict"],
        message=row["message"],
        stdout=row["stdout"],
        stderr=row["stderr"],
        seconds=row["execution_seconds"],
        cpu_seconds=row["cpu_seconds"] or 0.0,
        wall_seconds=row["wall_seconds"] or 0.0,
        mode=row["mode"],
    )
    values = {name: row[name] for name in own}
    return Attempt(**values, verdict=verdict, public_verdict=Verdict(**public) if public else None)
