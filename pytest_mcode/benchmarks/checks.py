"""What a benchmark of somebody's own may load."""

from collections.abc import Iterator
from typing import Any

from pytest_mcode.benchmarks import Dataset
from pytest_mcode.harnesses.protocol import Harness
from pytest_mcode.harnesses.tasks import check_task, repeated
from pytest_mcode.records import Task

__all__ = ["problems"]


def problems(dataset: Any, harness: Harness) -> Iterator[str]:
    """Yield what is wrong with what a class's ``load()`` returned, for the harness that is to judge it."""
    if not isinstance(dataset, Dataset):
        yield f"load() returned {type(dataset).__name__}, not a pytest_mcode.benchmarks.Dataset"
        return
    if not dataset.tasks:
        yield "load() returned no task"
    for number, task in enumerate(dataset.tasks, 1):
        try:
            check_task(task)
            harness.check_task(task)
        except ValueError as error:
            yield f"task {number}: {error}"
    for task_id, count in repeated(task for task in dataset.tasks if isinstance(task, Task)).items():
        yield f"task_id {task_id!r} occurs {count} times; each must be there once"
