"""Rows of ``choices``: what would be handed in of several samples."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from pytest_mcode.records import Choice
from pytest_mcode.store import schema

__all__ = ["key_of", "read_choices", "replace_choices"]


def key_of(connection: Connection, run_id: str, test: str, task_id: str) -> int:
    """Return the key of a row of ``tasks``, which must be there."""
    tasks = schema.tasks.c
    same = (tasks.run_id == run_id, tasks.test == test, tasks.task_id == task_id)
    return int(connection.execute(select(tasks.id).where(*same)).scalar_one())


def replace_choices(connection: Connection, task: int, choices: Iterable[Choice]) -> None:
    """Insert choices at the task with this key; one made the same way gives way."""
    for choice in choices:
        same = (schema.choices.c.task == task, schema.choices.c.by == choice.by)
        connection.execute(delete(schema.choices).where(*same))
        connection.execute(insert(schema.choices).values({**vars(choice), "task": task}))


def read_choices(connection: Connection, task: int) -> tuple[Choice, ...]:
    """Return the choices at the task with this key, in the order in which they were made."""
    choices = schema.choices
    rows = connection.execute(select(choices).where(choices.c.task == task).order_by(choices.c.id))
    return tuple(
        Choice(**{name: row[name] for name in row if name not in ("id", "task")}) for row in rows.mappings()
    )
