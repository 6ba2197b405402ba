"""Solved tasks that a prompt shows beside its own: the most similar ones of splits kept for that."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Dataset, Source
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Task, fingerprint
from pytest_mcode.settings import Settings
from pytest_mcode.similarity import scorer

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


def choose(settings: Settings, tasks: Sequence[Task]) -> Demonstrations | None:
    """Return what to show for `tasks`; None where nothing is asked for, or a repository is shown instead.

    A task is never shown itself, nor one that states the same problem or has the same solution:
    MBPP repeats some under another id. Raises `ConfigurationError`.
    """
    benchmark = benchmarks.get(settings.benchmark)
    if not settings.retrieval or benchmark.kind == "repositories":
        return None
    if benchmark.demonstrations is None:
        raise ConfigurationError(
            f"--mcode-retrieval: {benchmark.name} names no solved tasks to show; leave it out"
        )
    pool = _load(settings, *benchmark.demonstrations)
    solved = [task for dataset in pool for task in dataset.tasks if task.canonical_solution]
    scores = scorer([task.prompt for task in solved])
    return Demonstrations(
        origin=f"{pool[0].origin} ({', '.join(dataset.split for dataset in pool)})",
        fingerprint=fingerprint([dataset.fingerprint for dataset in pool]),
        by_task={
            task.task_id: _most_similar(task, solved, scores(task.prompt), settings.retrieval_k)
            for task in tasks
        },
    )


def _load(settings: Settings, name: str, splits: Sequence[str]) -> list[Dataset]:
    own = benchmarks.get(settings.benchmark).name == name
    place, revision = settings.retrieval_dataset, None
    if place is None and own:
        place, revision = settings.dataset, settings.dataset_revision
    source = Source(dataset=place, revision=revision, option="--mcode-retrieval-dataset")
    return [benchmarks.get(name).load(source.of(split)) for split in splits]


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
