"""A page of a long list: runs by what people search and sort by, tasks of one run."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, null, or_, select

from pytest_mcode.store import schema
from pytest_mcode.store.queries import Row
from pytest_mcode.store.store import Store

__all__ = ["RUN_ORDERS", "Page", "attempt_verdicts", "run_page", "task_keys", "task_page"]

SEARCHED = ("run_id", "benchmark", "model", "backend", "status", "started_at", "tags", "note")
"""Columns of ``runs``."""
_runs, _tasks, _attempts = schema.runs.c, schema.tasks.c, schema.attempts.c


def _tasks_of(*statuses: str) -> ColumnElement[Any]:
    return func.sum(case((_tasks.status.in_(statuses), 1), else_=0))


_counted = (
    select(
        _tasks.run_id,
        _tasks_of("solved").label("solved"),
        _tasks_of("solved", "unsolved").label("judged"),
        _tasks_of("infra").label("infra"),
    )
    .group_by(_tasks.run_id)
    .subquery()
)
RUN_ORDERS: Mapping[str, ColumnElement[Any]] = {
    "started": _runs.started_at,
    "benchmark": _runs.benchmark,
    "model": _runs.model,
    "status": _runs.status,
    "tasks": _counted.c.judged,
    "rate": case((_counted.c.judged > 0, 1.0 * _counted.c.solved / _counted.c.judged), else_=null()),
    "infra": _counted.c.infra,
}
"""What a list of runs is sorted by, all test functions of a run together."""


class Page(NamedTuple):
    """Some rows of a list, and how many it has in all."""

    rows: Sequence[Row]
    total: int


def run_page(
    store: Store, search: str = "", *, order: str = "started", descending: bool = True, first: int, most: int
) -> Page:
    """Return rows of ``runs`` that have every word of `search` in one of `SEARCHED`, from place `first` on.

    `order` is one of `RUN_ORDERS`; runs without it come last, those alike the latest first.
    """
    found = and_(
        *(
            or_(*(schema.runs.c[name].icontains(word, autoescape=True) for name in SEARCHED))
            for word in search.split()
        )
    )
    by = RUN_ORDERS[order]
    statement = select(schema.runs).where(found)
    if order in ("tasks", "rate", "infra"):
        statement = statement.outerjoin_from(schema.runs, _counted, _counted.c.run_id == _runs.run_id)
    ordered = statement.order_by(
        by.is_(None), by.desc() if descending else by, _runs.started_at.desc(), _runs.run_id.desc()
    )
    return _page(
        store, ordered.offset(first).limit(most), select(func.count()).select_from(schema.runs).where(found)
    )


def task_keys(
    store: Store, run_id: str, test: str | None, *, search: str = "", kind: str = ""
) -> list[tuple[int, str]]:
    """Return keys and ids of a run's tasks, as recorded; `kind` is a status or the last verdict."""
    conditions = [_tasks.run_id == run_id]
    conditions += [] if test is None else [_tasks.test == test]
    conditions += [_tasks.task_id.icontains(word, autoescape=True) for word in search.split()]
    if kind:
        unsolved = and_(_tasks.status == "unsolved", _tasks.verdict == kind)
        conditions.append(or_(_tasks.status == kind, unsolved))
    with store.engine.connect() as connection:
        statement = select(_tasks.id, _tasks.task_id).where(*conditions).order_by(_tasks.id)
        return [(row.id, row.task_id) for row in connection.execute(statement)]


def task_page(store: Store, keys: Sequence[int]) -> list[Row]:
    """Return the rows of ``tasks`` with these keys, in their order."""
    with store.engine.connect() as connection:
        rows = connection.execute(select(schema.tasks).where(_tasks.id.in_(keys))).mappings()
        found = {row["id"]: dict(row) for row in rows}
    return [found[key] for key in keys if key in found]


def attempt_verdicts(store: Store, keys: Sequence[int]) -> dict[int, list[Row]]:
    """Return sample, iteration and verdicts of the attempts at the tasks with these keys, in order."""
    place = (_attempts.task, _attempts.sample, _attempts.iteration)
    statement = select(*place, _attempts.verdict, _attempts.public_verdict).where(_attempts.task.in_(keys))
    found: dict[int, list[Row]] = {key: [] for key in keys}
    with store.engine.connect() as connection:
        for row in connection.execute(statement.order_by(*place)).mappings():
            found[row["task"]].append(dict(row))
    return found


def _page(store: Store, rows: Select[Any], total: Select[Any]) -> Page:
    with store.engine.connect() as connection:
        found = [dict(row) for row in connection.execute(rows).mappings()]
        return Page(found, int(connection.execute(total).scalar_one()))
