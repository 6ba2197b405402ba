"""Joining the stores of several machines: by run id, then by task, as often as one likes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.store import schema
from pytest_mcode.store.choices import read_choices, replace_choices
from pytest_mcode.store.notes import both
from pytest_mcode.store.store import Store, replace_outcome

__all__ = ["Merged", "merge"]


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What a merge brought."""

    runs: int
    """Runs that were new."""
    outcomes: int
    """Outcomes that were new, or that replaced an infra one."""
    kept: int
    """Outcomes that were there already."""


def merge(target: Store, other: Store) -> Merged:
    """Copy from `other` the runs and outcomes that `target` lacks, in one transaction.

    Outcomes of a run that both hold are joined by test function and task; one that was judged is
    never replaced, as in `Store.record`. Raises `ConfigurationError` where one run id stands for two runs.
    """
    runs = outcomes = kept = 0
    with other.engine.connect() as source, target.creating() as connection:
        for run in source.execute(select(schema.runs)).mappings().all():
            runs += _merge_run(connection, run, target, other)
            new, old = _merge_outcomes(source, connection, run["run_id"])
            outcomes, kept = outcomes + new, kept + old
    return Merged(runs=runs, outcomes=outcomes, kept=kept)


def _merge_run(connection: Connection, run: RowMapping, target: Store, other: Store) -> bool:
    """Return whether the run is new; one that both hold is finished when it is so in either."""
    same = schema.runs.c.run_id == run["run_id"]
    ours = connection.execute(select(schema.runs).where(same)).mappings().one_or_none()
    if ours is None:
        connection.execute(insert(schema.runs).values(dict(run)))
        return True
    for name in ("config_key", "started_at", "dataset_fingerprint"):
        if ours[name] != run[name]:
            raise ConfigurationError(
                f"{other.place} and {target.place} hold two different runs {run['run_id']} ({name} differs); "
                "nothing of it was merged"
            )
    state = both(ours, run)
    if run["status"] == "finished" != ours["status"]:
        state |= {name: run[name] for name in ("status", "finished_at", "tasks_planned", "planned_by_test")}
    connection.execute(update(schema.runs).where(same).values(state))
    return False


def _merge_outcomes(source: Connection, connection: Connection, run_id: str) -> tuple[int, int]:
    tasks, attempts = schema.tasks, schema.attempts
    of_run = select(tasks.c.id, tasks.c.test, tasks.c.task_id, tasks.c.status).where(tasks.c.run_id == run_id)
    ours = {(row.test, row.task_id): row for row in connection.execute(of_run)}
    new = old = 0
    for task in (
        source.execute(select(tasks).where(tasks.c.run_id == run_id).order_by(tasks.c.id)).mappings().all()
    ):
        earlier = ours.get((task["test"], task["task_id"]))
        if earlier and (earlier.status != "infra" or task["status"] == "infra"):
            old += 1
            continue
        rows = source.execute(select(attempts).where(attempts.c.task == task["id"])).mappings()
        key = earlier.id if earlier else None
        key = replace_outcome(connection, key, _without_key(task), map(_without_key, rows))
        replace_choices(connection, key, read_choices(source, task["id"]))
        new += 1
    return new, old


def _without_key(row: RowMapping) -> Mapping[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}
