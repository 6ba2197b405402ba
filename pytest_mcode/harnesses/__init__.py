"""Harnesses by name: what a reader of the store has to ask the kind of a run's tasks."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_mcode.records import Attempt, Task, TaskOutcome
from pytest_mcode.settings import FUNCTION_OPTIONS, REPOSITORY_OPTIONS

__all__ = ["Harness", "get", "names"]

FUTURE = re.compile(r"^from __future__ import .*\n?", re.MULTILINE)


def _no_cluster(task_id: str) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Harness:
    """How one kind of task is put to a model and judged."""

    name: str
    usual_feedback: str
    """The value of ``--mcode-feedback`` where none is given."""
    own_options: tuple[str, ...]
    """Fields of `Settings` that mean something to it alone."""
    export_formats: Mapping[str, Callable[..., Mapping[str, Any]]] = field(default_factory=dict)
    """By format, a line's columns, from keywords ``outcome``, ``attempt``, ``model``, ``task`` (a callable
    that gives the `Task`); of ``samples`` those in which it differs from the plain line."""
    cluster: Callable[[str], str | None] = _no_cluster
    """Returns what an analysis clusters a task by."""


def get(name: str) -> Harness | None:
    """Return a harness, or None for one that is unknown here."""
    return _HARNESSES.get(name)


def names() -> tuple[str, ...]:
    """Return the names of those known here."""
    return (*_HARNESSES,)


def _runnable(*, attempt: Attempt, task: Callable[[], Task], **_: object) -> Mapping[str, Any]:
    solution, setup = attempt.solution or "", task().setup
    alone = solution
    if setup and solution:
        alone = f"{''.join(FUTURE.findall(solution))}{setup}\n\n{FUTURE.sub('', solution)}"
    return {"completion": FUTURE.sub("", solution), "solution": alone}


def _prediction(*, outcome: TaskOutcome, attempt: Attempt, model: str, **_: object) -> Mapping[str, Any]:
    from pytest_mcode.repositories.patches import without

    patch = without(attempt.solution or "", attempt.extra.get("left_out", ()))[0]
    return {"instance_id": outcome.task_id, "model_name_or_path": model, "model_patch": patch}


_HARNESSES = {
    "functions": Harness(
        name="functions",
        usual_feedback="judge",
        own_options=FUNCTION_OPTIONS,
        export_formats={"samples": _runnable},
    ),
    "repositories": Harness(
        name="repositories",
        usual_feedback="public",
        own_options=REPOSITORY_OPTIONS,
        export_formats={"predictions": _prediction},
        cluster=lambda task_id: task_id.rpartition("-")[0],
    ),
}
