"""Joining the stores of several machines: by run id, then by task, as often as one likes."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, func, insert, select, update

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.store import schema
from pytest_mcode.store.choices import read_choices, replace_choices
from pytest_mcode.store.notes import both
from pytest_mcode.store.outcomes import replace_outcome
from pytest_mcode.store.shards import merge_parts, part_rows, status_of_parts
from pytest_mcode.store.store import Store, unlike_runs

__all__ = ["Merged", "merge"]

HELD_SECONDS = 0.25
"""How long a transaction takes outcomes: sessions that write to the same store wait so long."""
PAUSE_SECONDS = 0.11
"""Between two transactions: SQLite's writers look for the lock every 0.1 s, and would never find it free."""
AT_ONCE = 50
"""Outcomes that are read together."""


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What a merge brought."""

    runs: int
    """Runs that were new."""
    outcomes: int
    """Outcomes that were new, or that replaced an infra one."""
    kept: int
    """Outcomes that were there already."""
    sharded: Sequence[str] = ()
    """Ids of the runs that are divided into shards."""


def merge(
    target: Store, other: Store, progress: Callable[[int, int], None] = lambda done, total: None
) -> Merged:
    """Copy from `other` what `target` lacks of runs and outcomes; `progress` hears how many are done, of all.

    In short transactions, so that sessions go on writing to `target`; one that is cut off goes on when it is
    merged again. Outcomes of a run that both hold are joined by test function and task; one that was judged
    is never replaced, as in `Store.record`. A run's shards become one run. Raises `ConfigurationError`,
    before anything is written, where one run id stands for two runs.
    """
    work = _Work()
    with other.engine.connect() as source:
        runs = source.execute(select(schema.runs)).mappings().all()
        total = int(source.execute(select(func.count()).select_from(schema.tasks)).scalar_one())
        with target.creating() as connection:
            for run in runs:
                _check(connection, source, run, target, other)
        steps, is_done = _steps(work, source, runs), False
        while not is_done:
            with target.creating() as work.connection:
                since = time.monotonic()
                is_done = next(steps, "end") == "end"
                while not is_done and time.monotonic() - since < HELD_SECONDS:
                    is_done = next(steps, "end") == "end"
            progress(work.outcomes + work.kept, total)
            if not is_done:
                time.sleep(PAUSE_SECONDS)
    return Merged(runs=work.runs, outcomes=work.outcomes, kept=work.kept, sharded=work.sharded)


@dataclass
class _Work:
    """Where a merge stands."""

    connection: Connection = field(init=False)
    """Of the transaction that is open at the moment."""
    runs: int = 0
    outcomes: int = 0
    kept: int = 0
    sharded: list[str] = field(default_factory=list)


def _steps(work: _Work, source: Connection, runs: Sequence[RowMapping]) -> Iterator[None]:
    """Merge, a little at each step, with the connection that `work` has then."""
    for run in runs:
        is_new = _begin_run(work.connection, run)
        work.runs += is_new
        keys, ours = _of_run(source, run["run_id"]), _of_run(work.connection, run["run_id"])
        new = [row.id for of, row in keys.items() if of not in ours or _gives_way(ours[of], row)]
        work.kept += len(keys) - len(new)
        yield
        for first in range(0, len(new), AT_ONCE):
            batch = new[first : first + AT_ONCE]
            _copy(source, work.connection, batch, {of: row.id for of, row in ours.items()})
            work.outcomes += len(batch)
            yield
        if _end_run(source, work.connection, run, is_new=is_new) > 1:
            work.sharded.append(run["run_id"])


def _of_run(connection: Connection, run_id: str) -> dict[tuple[str, str], Row[Any, Any, Any, Any]]:
    tasks = schema.tasks
    of_run = select(tasks.c.id, tasks.c.test, tasks.c.task_id, tasks.c.status).where(tasks.c.run_id == run_id)
    return {(row.test, row.task_id): row for row in connection.execute(of_run.order_by(tasks.c.id))}


def _gives_way(ours: Row[Any, Any, Any, Any], theirs: Row[Any, Any, Any, Any]) -> bool:
    return bool(ours.status == "infra" and theirs.status != "infra")


def _check(connection: Connection, source: Connection, run: RowMapping, target: Store, other: Store) -> None:
    ours = _run(connection, run["run_id"])
    if ours is None:
        return
    both_are = f"{other.place} and {target.place} hold"
    divided, theirs = (
        {row["shards"] for row in part_rows(each, run["run_id"])} or {1} for each in (connection, source)
    )
    if divided != theirs:
        numbers = f"{max(divided)} and in {max(theirs)} shards"
        raise ConfigurationError(f"{both_are} run {run['run_id']} in {numbers}; nothing was merged")
    # Shards start when they start.
    unlike = unlike_runs(ours, run) if max(divided) > 1 else unlike_runs(ours, run, "started_at")
    if unlike is None:
        return
    options = [name for name in run["settings"] if run["settings"][name] != ours["settings"].get(name)]
    named = f"{unlike} differs{f', by {chr(44).join(options)}' if unlike == 'config_key' and options else ''}"
    raise ConfigurationError(
        f"{both_are} two different runs {run['run_id']} ({named}); nothing was merged. Runs of several "
        "configurations need a name each"
    )


def _run(connection: Connection, run_id: str) -> RowMapping | None:
    statement = select(schema.runs).where(schema.runs.c.run_id == run_id)
    return connection.execute(statement).mappings().one_or_none()


def _begin_run(connection: Connection, run: RowMapping) -> bool:
    """Insert the run where it is new; it is `interrupted` until all of it is there. Return whether it was."""
    ours = _run(connection, run["run_id"])
    if ours is None:
        unfinished = {"status": "interrupted", "finished_at": None}
        connection.execute(insert(schema.runs).values({**run, **unfinished}))
        return True
    values = {**both(ours, run), "started_at": min(ours["started_at"], run["started_at"])}
    connection.execute(update(schema.runs).where(schema.runs.c.run_id == run["run_id"]).values(values))
    return False


def _end_run(source: Connection, connection: Connection, run: RowMapping, *, is_new: bool) -> int:
    """Say what has become of the run: one that both hold is finished when it is so in either, or in parts.

    Return into how many shards it is divided.
    """
    parts = merge_parts(source, connection, run["run_id"])
    ours = _run(connection, run["run_id"])
    assert ours is not None
    values: dict[str, Any] = {}
    shards = parts[0]["shards"] if parts else 1
    if shards > 1:
        ends = [part["finished_at"] for part in parts if part["finished_at"]]
        values = {"status": status_of_parts(parts), "finished_at": max(ends, default=None)}
    elif is_new or run["status"] == "finished" != ours["status"]:
        names = ("status", "finished_at", "tasks_planned", "planned_by_test")
        values = {name: run[name] for name in names}
    if values:
        connection.execute(update(schema.runs).where(schema.runs.c.run_id == run["run_id"]).values(values))
    return int(shards)


def _copy(
    source: Connection,
    connection: Connection,
    keys: Sequence[int],
    ours: Mapping[tuple[str, str], int],
) -> None:
    tasks, attempts = schema.tasks, schema.attempts
    made: dict[int, list[RowMapping]] = {}
    of_tasks = select(attempts).where(attempts.c.task.in_(keys)).order_by(attempts.c.id)
    for row in source.execute(of_tasks).mappings():
        made.setdefault(row["task"], []).append(row)
    for task in source.execute(select(tasks).where(tasks.c.id.in_(keys)).order_by(tasks.c.id)).mappings():
        earlier = ours.get((task["test"], task["task_id"]))
        rows = map(_without_key, made.get(task["id"], ()))
        key = replace_outcome(connection, earlier, _without_key(task), rows)
        replace_choices(connection, key, read_choices(source, task["id"]))


def _without_key(row: RowMapping) -> Mapping[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}
