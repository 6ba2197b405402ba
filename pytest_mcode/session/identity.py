"""Which task and which test function an item is of, and what its id says of them."""

from collections.abc import Sequence

import pytest
from _pytest.compat import ascii_escaped  # What pytest makes of a parameter's id.

from pytest_mcode.records import Task

__all__ = ["TaskIds", "function_of", "task_of"]


def task_of(item: pytest.Item) -> Task | None:
    """Return the task that `item` was parametrized with, or None for a test of another kind."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("mcode_task") if callspec else None


def function_of(nodeid: str, task: Task) -> str:
    """Return `nodeid` without the task: the test function, with its other parameters if it has any."""
    function, _, parameters = nodeid.partition("[")
    others = parameters.removesuffix("]").replace(ascii_escaped(task.task_id), "", 1).strip("-")
    return f"{function}[{others}]" if others else function


class TaskIds:
    """Tells what item ids name."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = {ascii_escaped(task.task_id): task for task in tasks}

    def identify(self, nodeid: str) -> tuple[str, Task] | None:
        """Return the test function and the task that an item id names; None for a test of another kind."""
        parameters = nodeid.partition("[")[2].removesuffix("]")
        task = self._tasks.get(parameters) or self._longest_in(f"-{parameters}-")
        return (function_of(nodeid, task), task) if task else None

    def _longest_in(self, parameters: str) -> Task | None:
        """Return the task of an item that has other parameters as well."""
        named = [known for known in self._tasks if f"-{known}-" in parameters]
        return self._tasks[max(named, key=len)] if named else None
