"""A session's dataset: the benchmark's tasks, judged by another benchmark's tests where that is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Dataset, Source
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.records import Task
from pytest_mcode.settings import Settings

__all__ = ["Loaded", "load"]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What the settings name."""

    dataset: Dataset
    left_out: tuple[str, ...] = ()
    """Ids of the benchmark's tasks that the judge has no test for."""


def load(settings: Settings) -> Loaded:
    """Load the benchmark's split and, for ``--mcode-judge``, swap the tests; raises `ConfigurationError`."""
    source = Source(dataset=settings.dataset, revision=settings.dataset_revision, split=settings.split)
    dataset = benchmarks.get(settings.benchmark).load(source)
    if settings.judge is None:
        return Loaded(dataset=dataset)
    judges = _judges(settings)
    judged = [_judged_by(task, judges[task.task_id]) for task in dataset.tasks if _same_task(task, judges)]
    if not judged:
        raise ConfigurationError(
            f"--mcode-judge={settings.judge} has no test for any of the {len(dataset.tasks)} tasks of "
            f"{settings.benchmark} (its first ids: {', '.join([*judges][:3])}); "
            "name a benchmark of the same tasks"
        )
    kept = {task.task_id for task in judged}
    left_out = tuple(task.task_id for task in dataset.tasks if task.task_id not in kept)
    return Loaded(dataset=replace(dataset, tasks=judged), left_out=left_out)


def _judges(settings: Settings) -> Mapping[str, Task]:
    assert settings.judge is not None
    judge = benchmarks.get(settings.judge)
    for benchmark in (judge, benchmarks.get(settings.benchmark)):
        if benchmark.kind != "functions":
            raise ConfigurationError(f"--mcode-judge: {benchmark.name} has no functions to swap tests of")
    source = Source(dataset=settings.judge_dataset, option="--mcode-judge-dataset")
    return {task.task_id: task for task in judge.load(source).tasks}


def _same_task(task: Task, judges: Mapping[str, Task]) -> bool:
    return task.task_id in judges and judges[task.task_id].entry_points == task.entry_points


def _judged_by(task: Task, judge: Task) -> Task:
    """Return `task` with the test of `judge`; what runs before its solution stays its own."""
    test = judge.test if judge.setup in ("", task.setup) else f"{judge.setup}\n\n{judge.test}"
    return replace(task, test=test, in_process=judge.in_process)
