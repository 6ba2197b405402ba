"""Questions to the store: which runs there are, and what their outcomes add up to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, case, func, null, select, type_coerce

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import REFUSALS
from pytest_mcode.store import schema
from pytest_mcode.store.store import Store

__all__ = [
    "Row",
    "RunFilter",
    "all_attempt_rows",
    "attempt_rows",
    "attempts_stored",
    "choice_rows",
    "find_run",
    "find_runs",
    "first_answers",
    "outcome_groups",
    "task_rows",
]

Row = Mapping[str, Any]
"""A row by column name."""

ALIKE = ("status", "verdict", "first_attempt_passed")
PASSES = ("samples", "first_passed", "samples_passed")
SUMS = (
    "attempts",
    "distinct_solutions",
    "public_passed",
    "false_positives",
    "seconds",
    "generation_seconds",
    "execution_seconds",
    "repeats",
    "repeat_tokens",
    "helper_prompt_tokens",
    "helper_completion_tokens",
)
TOKENS = ("prompt_tokens", "completion_tokens")
LATEST = "latest"


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """Which runs are wanted: each field lists the values allowed, none means any."""

    benchmark: Sequence[str] = ()
    model: Sequence[str] = ()
    backend: Sequence[str] = ()
    samples: Sequence[int] = ()
    debug_iters: Sequence[int] = ()
    timeout: Sequence[float] = ()
    retrieval: Sequence[bool] = ()
    status: Sequence[str] = ()


def find_runs(
    store: Store,
    wanted: RunFilter | None = None,
    *,
    run_ids: Sequence[str] = (),
    since: str = "",
    latest: bool = False,
) -> list[Row]:
    """Return rows of ``runs``, oldest first.

    `run_ids` are as `find_run` takes them, `since` is an ISO 8601 time in UTC. Raises
    `ConfigurationError` for a value that no run of the store has, with those that are near.
    """
    runs = schema.runs
    with store.engine.connect() as connection:
        conditions = list(_conditions(connection, wanted or RunFilter()))
        if run_ids:
            conditions.append(runs.c.run_id.in_([_resolve(connection, name, store) for name in run_ids]))
        if since:
            conditions.append(runs.c.started_at >= since)
        statement = select(runs).where(*conditions).order_by(runs.c.started_at, runs.c.run_id)
        rows: list[Row] = [dict(row) for row in connection.execute(statement).mappings()]
    return rows[-1:] if latest else rows


def find_run(store: Store, name: str) -> Row:
    """Return the run with the id `name`, or whose id alone starts or ends with it, or the ``latest``."""
    return find_runs(store, run_ids=[name])[0]


def outcome_groups(
    store: Store, run_ids: Sequence[str] | None = None, *, by_passes: bool = False, by_task: bool = False
) -> dict[tuple[str, str], list[Row]]:
    """Return, by (run, test function), counts and sums over the outcomes that are alike.

    Alike are those equal in status and last verdict; with `by_passes`, which pass@k needs, also in
    numbers of samples and passes. ``tasks`` counts them: few rows for many tasks, unless asked for `by_task`;
    ``task_id`` is the id of one of them. A sum of tokens is None where an outcome lacks its own, though a
    server answered.
    """
    tasks = schema.tasks
    keys = [tasks.c[name] for name in ("run_id", "test", *ALIKE, *(PASSES if by_passes else ()))]
    by = [*keys, tasks.c.task_id] if by_task else keys
    sums = [func.sum(tasks.c[name]).label(name) for name in SUMS]
    sums += [_sum_if_known(tasks.c[name]).label(name) for name in TOKENS]
    samples = [
        func.min(tasks.c.task_id).label("task_id"),
        func.sum(tasks.c.samples).label("samples_started"),
        func.min(tasks.c.samples).label("fewest_samples"),
        func.sum(case((tasks.c.passed_in_process > 0, 1), else_=0)).label("passed_in_process"),
        func.sum(case((_passed_flagged(), 1), else_=0)).label("passed_flagged"),
    ]
    statement = select(*keys, func.count().label("tasks"), *samples, *sums).group_by(*by)
    if run_ids is not None:
        statement = statement.where(tasks.c.run_id.in_(run_ids))
    groups: dict[tuple[str, str], list[Row]] = {}
    with store.engine.connect() as connection:
        result = connection.execute(statement.order_by(tasks.c.run_id, tasks.c.test))
        names = list(result.keys())
        for row in result:
            groups.setdefault((row[0], row[1]), []).append(dict(zip(names, row, strict=True)))
    return groups


def _passed_flagged() -> ColumnElement[bool]:
    """Whether a task has a pass by a flagged solution; only judges in containers flag any."""
    made = schema.attempts.c
    # As it stands there, the index over just these attempts is used: no other is looked at.
    flagged = and_(schema.PASSED_IN_CONTAINERS, type_coerce(made.extra, Text).like('%"flags":{"%'))
    return select(made.id).where(made.task == schema.tasks.c.id, flagged).exists()


def _sum_if_known(column: ColumnElement[Any]) -> ColumnElement[Any]:
    tasks = schema.tasks.c
    lacking = and_(tasks.attempts > 0, tasks.verdict.not_in(REFUSALS), column.is_(None))
    return case((func.sum(case((lacking, 1), else_=0)) > 0, null()), else_=func.sum(column))


def task_rows(
    store: Store, run_ids: Sequence[str], test: str | None = None, *, columns: Sequence[str] = ()
) -> list[Row]:
    """Return the rows of ``tasks`` of some runs, without attempts; of some `columns` alone where given."""
    tasks = schema.tasks
    wanted = [tasks.c[name] for name in columns] or list(tasks.c)
    statement = select(*wanted).where(tasks.c.run_id.in_(run_ids)).order_by(tasks.c.id)
    if test is not None:
        statement = statement.where(tasks.c.test == test)
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def attempt_rows(store: Store, run_id: str, test: str | None = None) -> dict[str, list[list[Row]]]:
    """Return verdicts and costs of a run's attempts, without texts, by judged task and sample."""
    texts = schema.SafeText | schema.Json
    light = [column.name for column in schema.attempts.c if not isinstance(column.type, texts)]
    found: dict[str, dict[int, list[Row]]] = {}
    for row in all_attempt_rows(store, [run_id], test, columns=["task_id", "status", *light]):
        if row["status"] != "infra":
            found.setdefault(row["task_id"], {}).setdefault(row["sample"], []).append(row)
    return {task_id: list(samples.values()) for task_id, samples in found.items()}


def agent_rows(store: Store, run_ids: Sequence[str]) -> list[Row]:
    """Return ``extra`` of the attempts of some runs that an agent made, with run and test function."""
    tasks, attempts = schema.tasks, schema.attempts
    statement = (
        select(tasks.c.run_id, tasks.c.test, attempts.c.extra)
        .join_from(tasks, attempts, attempts.c.task == tasks.c.id)
        .where(tasks.c.run_id.in_(run_ids), type_coerce(attempts.c.extra, Text).like('%"agent":"%'))
        .order_by(attempts.c.id)
    )
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()] if run_ids else []


def all_attempt_rows(
    store: Store, run_ids: Sequence[str], test: str | None = None, *, columns: Sequence[str]
) -> list[Row]:
    """Return rows of ``attempts`` of some runs; `columns` are its own, or else those of its task's row."""
    tasks, attempts = schema.tasks, schema.attempts
    statement = (
        select(*(attempts.c[name] if name in attempts.c else tasks.c[name] for name in columns))
        .join_from(tasks, attempts, attempts.c.task == tasks.c.id)
        .where(tasks.c.run_id.in_(run_ids))
        .order_by(tasks.c.id, attempts.c.sample, attempts.c.iteration)
    )
    if test is not None:
        statement = statement.where(tasks.c.test == test)
    with store.engine.connect() as connection:
        result = connection.execute(statement)
        names = tuple(result.keys())  # Half the time of mappings, which matters for a million rows.
        return [dict(zip(names, row, strict=True)) for row in result]


def first_answers(store: Store, run_id: str, test: str | None = None) -> list[tuple[str, str]]:
    """Return task and text of each sample's first answer that has one, as it is stored, by sample."""
    tasks, made = schema.tasks, schema.attempts.c
    # To compare them, texts need not be decoded.
    text = func.coalesce(
        func.nullif(type_coerce(made.completion, Text), ""), type_coerce(made.solution, Text)
    )
    statement = (
        select(tasks.c.task_id, text)
        .join_from(tasks, schema.attempts, made.task == tasks.c.id)
        .where(tasks.c.run_id == run_id, made.iteration == 0, text != "")
        .order_by(tasks.c.id, made.sample)
    )
    if test is not None:
        statement = statement.where(tasks.c.test == test)
    with store.engine.connect() as connection:
        return [(task_id, answer) for task_id, answer in connection.execute(statement)]


def _conditions(connection: Connection, wanted: RunFilter) -> Iterable[ColumnElement[bool]]:
    for field in fields(wanted):
        values, column = getattr(wanted, field.name), schema.runs.c[field.name]
        if not values:
            continue
        known = connection.execute(select(column).distinct().order_by(column)).scalars().all()
        for value in values:
            if value not in known:
                raise _unknown(f"--{field.name.replace('_', '-')}", value, known)
        yield column.in_(values)


def _unknown(flag: str, value: object, known: Iterable[object]) -> ConfigurationError:
    names = [str(each) for each in known if each is not None]
    near = get_close_matches(str(value), names, n=3, cutoff=0.5) or names[:10]
    hint = f"there {'is' if len(near) == 1 else 'are'} {', '.join(near)}" if near else "there is none at all"
    return ConfigurationError(f"{flag}: no run with {value!r} in the store; {hint}")


def _resolve(connection: Connection, name: str, store: Store) -> str:
    by_start = select(schema.runs.c.run_id).order_by(schema.runs.c.started_at, schema.runs.c.run_id)
    ids: Sequence[str] = connection.execute(by_start).scalars().all()
    if not ids:
        raise ConfigurationError(f"{store.place} holds no run yet; run a benchmark first")
    if name == LATEST:
        return ids[-1]
    if "=" in name:
        raise ConfigurationError(
            f"{name!r} is a filter, which selects repeats in `mcode compare` and `mcode match`; here give "
            "one run: its id, the start or end of it, or latest (`mcode results` lists them)"
        )
    found = [each for each in ids if each == name] or [
        each for each in ids if each.startswith(name) or each.endswith(name)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        more = f" and {len(found) - 5} more (`mcode results` lists them)" if len(found) > 5 else ""
        raise ConfigurationError(f"run {name!r} may be {', '.join(found[:5])}{more}; give more of its id")
    near = get_close_matches(name, ids, n=3, cutoff=0.5)
    hint = f"near ones: {', '.join(near)}" if near else f"the latest is {ids[-1]}"
    raise ConfigurationError(f"no run {name!r} in {store.place}; {hint}")


def choice_rows(store: Store, run_ids: Sequence[str], test: str | None = None) -> list[Row]:
    """Return the rows of ``choices`` of some runs, each with its task's ``run_id``, ``test``, ``task_id``."""
    tasks, choices = schema.tasks, schema.choices
    statement = (
        select(
            tasks.c.run_id, tasks.c.test, tasks.c.task_id, *(each for each in choices.c if each.name != "id")
        )
        .join_from(tasks, choices, choices.c.task == tasks.c.id)
        .where(tasks.c.run_id.in_(run_ids))
        .order_by(choices.c.id)
    )
    if test is not None:
        statement = statement.where(tasks.c.test == test)
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(statement).mappings()]


def attempts_stored(store: Store) -> int:
    """Return how many attempts the store holds."""
    with store.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(schema.attempts)).scalar_one())
