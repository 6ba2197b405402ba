"""A session's dataset: the benchmark's tasks, judged by another benchmark's tests where that is asked for."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Benchmark, Dataset, Source
from pytest_mcode.benchmarks.checks import problems
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
    dataset = _load(benchmarks.get(settings.benchmark), source)
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


def _load(benchmark: Benchmark, source: Source) -> Dataset:
    if not benchmarks.is_offered(benchmark.name):
        return benchmark.load(source)
    try:
        dataset = benchmark.load(source)
    except ConfigurationError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise ConfigurationError(
            f"benchmark {benchmark.name}: load() raised {type(error).__name__}: {error} "
            f"({place.filename}, line {place.lineno})"
        ) from error
    if benchmark.kind == "functions":
        for problem in problems(dataset):
            raise ConfigurationError(f"benchmark {benchmark.name}: {problem}")
    return dataset


def _judges(settings: Settings) -> Mapping[str, Task]:
    assert settings.judge is not None
    judge = benchmarks.get(settings.judge)
    if judge.name == benchmarks.get(settings.benchmark).name:
        raise ConfigurationError(f"--mcode-judge: {judge.name} is the benchmark itself; leave it out")
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
