"""Solved tasks that a prompt shows beside its own: the most similar ones of splits kept for that."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pytest_mcode.harnesses.similarity import scorer
from pytest_mcode.records import Task

__all__ = ["Demonstration", "Demonstrations", "choose"]


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """A problem and its reference solution."""

    task_id: str
    prompt: str
    solution: str


@dataclass(frozen=True, kw_only=True)
class Demonstrations:
    """What a session shows, most similar first, by the id of the task that it is shown for."""

    origin: str
    """Of the solved tasks: a path or ``hub-id@revision``, and the splits."""
    fingerprint: str
    """Of all tasks to choose from, whatever subset a session takes."""
    by_task: Mapping[str, Sequence[Demonstration]]

    def shown(self, task: Task) -> Mapping[str, Any]:
        """Return what a prompt template knows of `task`."""
        found = self.by_task[task.task_id]
        return {"demonstrations": found, "retrieved": [each.task_id for each in found]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild from `dataclasses.asdict` after a trip through JSON."""
        by_task = {
            task_id: [Demonstration(**each) for each in shown] for task_id, shown in data["by_task"].items()
        }
        return cls(**{**data, "by_task": by_task})


def choose(tasks: Sequence[Task], solved: Sequence[Task], count: int) -> dict[str, list[Demonstration]]:
    """Return, by id, the `count` of the `solved` tasks that are most similar to each of `tasks`, by BM25.

    A task is never shown itself, nor one that states the same problem or has the same solution:
    MBPP repeats some under another id.
    """
    scores = scorer([task.prompt for task in solved])
    return {task.task_id: _most_similar(task, solved, scores(task.prompt), count) for task in tasks}


def _most_similar(
    task: Task, solved: Sequence[Task], scores: Sequence[float], count: int
) -> list[Demonstration]:
    ranked = sorted(range(len(solved)), key=lambda number: -scores[number])
    others = [solved[number] for number in ranked if not _is_the_same(task, solved[number])]
    return [
        Demonstration(task_id=each.task_id, prompt=each.prompt, solution=str(each.canonical_solution))
        for each in others[:count]
    ]


def _is_the_same(task: Task, other: Task) -> bool:
    return (
        task.task_id == other.task_id
        or _words(task.prompt) == _words(other.prompt)
        or _words(task.canonical_solution or "") == _words(str(other.canonical_solution))
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text.lower())
