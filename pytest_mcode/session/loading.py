"""A session's dataset: the benchmark's tasks, judged by another benchmark's tests where that is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Benchmark, Dataset, Source
from pytest_mcode.benchmarks.checks import problems
from pytest_mcode.errors import ConfigurationError, with_place
from pytest_mcode.harnesses.demonstrations import Demonstrations, choose
from pytest_mcode.records import Task, fingerprint
from pytest_mcode.settings import Settings

__all__ = ["Loaded", "load", "load_demonstrations"]


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
    harness, judges = benchmarks.get(settings.benchmark).harness, _judges(settings)
    common = (task for task in dataset.tasks if task.task_id in judges)
    swapped = (harness.judged_by(task, judges[task.task_id]) for task in common)
    judged = [task for task in swapped if task is not None]
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
        raise ConfigurationError(f"benchmark {benchmark.name}: load() raised {with_place(error)}") from error
    for problem in problems(dataset, benchmark.harness):
        raise ConfigurationError(f"benchmark {benchmark.name}: {problem}")
    return dataset


def _judges(settings: Settings) -> Mapping[str, Task]:
    assert settings.judge is not None
    judge = benchmarks.get(settings.judge)
    if judge.name == benchmarks.get(settings.benchmark).name:
        raise ConfigurationError(f"--mcode-judge: {judge.name} is the benchmark itself; leave it out")
    harness = benchmarks.get(settings.benchmark).harness
    if judge.harness.name != harness.name:
        raise ConfigurationError(f"--mcode-judge: {judge.name} has no {harness.name} to swap tests of")
    source = Source(dataset=settings.judge_dataset, option="--mcode-judge-dataset")
    return {task.task_id: task for task in judge.load(source).tasks}


def load_demonstrations(settings: Settings, tasks: Sequence[Task]) -> Demonstrations | None:
    """Return the solved tasks that prompts show beside `tasks`; None where nothing is asked for.

    Raises `ConfigurationError`.
    """
    benchmark = benchmarks.get(settings.benchmark)
    if not settings.retrieval or not benchmark.harness.shows_solved_tasks:
        return None
    if benchmark.demonstrations is None:
        raise ConfigurationError(
            f"--mcode-retrieval: {benchmark.name} names no solved tasks to show; leave it out"
        )
    pool = _pool(settings, *benchmark.demonstrations)
    solved = [task for dataset in pool for task in dataset.tasks if task.canonical_solution]
    return Demonstrations(
        origin=f"{pool[0].origin} ({', '.join(dataset.split for dataset in pool)})",
        fingerprint=fingerprint([dataset.fingerprint for dataset in pool]),
        by_task=choose(tasks, solved, settings.own["retrieval_k"]),
    )


def _pool(settings: Settings, name: str, splits: Sequence[str]) -> list[Dataset]:
    own = benchmarks.get(settings.benchmark).name == name
    place, revision = settings.own["retrieval_dataset"], None
    if place is None and own:
        place, revision = settings.dataset, settings.dataset_revision
    source = Source(dataset=place, revision=revision, option="--mcode-retrieval-dataset")
    return [benchmarks.get(name).load(source.of(split)) for split in splits]
