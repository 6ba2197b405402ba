"""An outcome with its attempts, written in place of an earlier one."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert

from pytest_mcode.store import schema

__all__ = ["replace_outcome"]

# Made once: to build a statement and find it in the cache takes longer than to run it.
_INSERT_TASK, _INSERT_ATTEMPT = insert(schema.tasks), insert(schema.attempts)


def replace_outcome(
    connection: Connection,
    earlier: int | None,
    task: Mapping[str, Any],
    attempts: Iterable[Mapping[str, Any]],
) -> int:
    """Insert a row of ``tasks`` with its attempts, return its key; `earlier` is that of what gives way."""
    if earlier is not None:
        connection.execute(delete(schema.choices).where(schema.choices.c.task == earlier))
        connection.execute(delete(schema.attempts).where(schema.attempts.c.task == earlier))
        connection.execute(delete(schema.tasks).where(schema.tasks.c.id == earlier))
    key = connection.execute(_INSERT_TASK, task).inserted_primary_key
    assert key is not None
    rows = [{**attempt, "task": key[0]} for attempt in attempts]
    if rows:
        connection.execute(_INSERT_ATTEMPT, rows)
    return int(key[0])
