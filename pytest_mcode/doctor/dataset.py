"""A benchmark's tasks, whatever they ask for: there, and each with an id of its own."""

from collections.abc import Iterator, Sequence

from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.tasks import repeated
from pytest_mcode.records import Task
from pytest_mcode.session.plan import Plan

__all__ = ["check_dataset", "check_unique_ids"]


def check_dataset(plan: Plan) -> Iterator[Finding]:
    """Name what was loaded."""
    taken = "" if len(plan.tasks) == plan.tasks_total else f"{len(plan.tasks)} of "
    yield Finding(
        check="dataset",
        level="ok",
        message=f"{plan.title}: {taken}{plan.tasks_total} tasks, split {plan.split}, of {plan.dataset}",
        data={
            "fingerprint": plan.dataset_fingerprint,
            "origin": plan.dataset,
            "split": plan.split,
            "tasks": len(plan.tasks),
            "tasks_total": plan.tasks_total,
        },
    )


def check_unique_ids(tasks: Sequence[Task]) -> Iterator[Finding]:
    """Find ids that occur more than once: they identify outcomes."""
    ids = tuple(repeated(tasks))
    if ids:
        yield Finding(
            check="ids",
            level="problem",
            message=f"{len(ids)} task ids occur more than once",
            remedy="give each task an id of its own",
            items=ids,
        )
    else:
        yield Finding(check="ids", level="ok", message="every task has an id of its own")
