"""What the attempts of many runs add up to: summed by the database, which no row leaves for an attempt."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select

from pytest_mcode.deciding import DOUBT
from pytest_mcode.records import REFUSALS
from pytest_mcode.store import schema
from pytest_mcode.store.store import Store

__all__ = ["sample_sums", "samples_by_task"]

Key = tuple[str, str]
"""A run's id and a test function."""
SUMS = (
    "prompt_tokens",
    "completion_tokens",
    "helper_prompt_tokens",
    "helper_completion_tokens",
    "generation_seconds",
    "execution_seconds",
)


def sample_sums(store: Store, run_ids: Sequence[str]) -> dict[Key, list[Mapping[str, Any]]]:
    """Return what samples of judged tasks took, by run and test function: a row for those that are alike.

    Alike are samples equal in ``samples_passed`` of their task, and in whether they are ``passed``
    themselves. ``attempts`` counts theirs, ``untold`` those that lack tokens though a server answered,
    ``untimed`` those that it answered in no time, ``timeless`` all that took none.
    """
    sample = _samples(run_ids).subquery()
    keys = [sample.c.run_id, sample.c.test, sample.c.samples_passed, _passed(sample.c)]
    names = ("attempts", *SUMS, "untold", "untimed", "timeless")
    statement = select(*keys, *(func.sum(sample.c[name]).label(name) for name in names)).group_by(*keys)
    found: dict[Key, list[Mapping[str, Any]]] = {}
    with store.engine.connect() as connection:
        for row in connection.execute(statement):
            # PostgreSQL sums whole numbers to decimals.
            sums = {name: float(value or 0) for name, value in zip(names, row[4:], strict=True)}
            found.setdefault((row[0], row[1]), []).append(
                {"samples_passed": row[2], "passed": bool(row[3]), **sums}
            )
    return found


def _samples(run_ids: Sequence[str]) -> Select[Any]:
    tasks, made = schema.tasks.c, schema.attempts.c
    lacks = or_(made.prompt_tokens.is_(None), made.completion_tokens.is_(None))
    passed = case((made.verdict == "passed", 1), else_=0)
    seen = func.coalesce(made.public_verdict, made.verdict)
    return (
        select(
            tasks.run_id,
            tasks.test,
            tasks.samples_passed,
            func.count().label("attempts"),
            *(func.sum(made[name]).label(name) for name in SUMS),
            _count(lacks, made.verdict.not_in(REFUSALS)).label("untold"),
            _count(made.generation_seconds <= 0, made.verdict.not_in(REFUSALS)).label("untimed"),
            _count(made.generation_seconds <= 0).label("timeless"),
            # The attempt that decides, as in `deciding.decisive`: its place, and whether it passed, in one.
            func.min(case((seen == "passed", 2 * made.iteration + 1 - passed))).label("by_pass"),
            func.max(case((made.public_verdict == DOUBT, 2 * made.iteration + passed))).label("by_doubt"),
            func.max(2 * made.iteration + passed).label("by_last"),
        )
        .join_from(schema.tasks, schema.attempts, made.task == tasks.id)
        .where(tasks.run_id.in_(run_ids), tasks.status != "infra")
        # By task and sample, told in the order of an index of tasks: so SQLite sorts nothing.
        .group_by(tasks.run_id, tasks.test, tasks.status, tasks.id, made.sample)
    )


def _count(*conditions: Any) -> Any:
    return func.sum(case((and_(*conditions), 1), else_=0))


def _passed(sample: Any) -> Any:
    return func.coalesce((sample.by_pass + 1) % 2, sample.by_doubt % 2, sample.by_last % 2)


def samples_by_task(store: Store, run_ids: Sequence[str]) -> dict[Key, dict[str, tuple[bool, int, int]]]:
    """Return, by run, test function and judged task: whether it is solved, its samples, those that passed."""
    tasks = schema.tasks.c
    statement = (
        select(tasks.run_id, tasks.test, tasks.task_id, tasks.status, tasks.samples, tasks.samples_passed)
        .where(tasks.run_id.in_(run_ids), tasks.status != "infra")
        .order_by(tasks.id)
    )
    found: dict[Key, dict[str, tuple[bool, int, int]]] = {}
    with store.engine.connect() as connection:
        for run_id, test, task_id, status, samples, passed in connection.execute(statement):
            found.setdefault((run_id, test), {})[task_id] = (status == "solved", samples, passed)
    return found
