"""Tasks of a benchmark that nearly repeat those of another, or the solved ones that its prompts may show."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pytest_mcode import benchmarks
from pytest_mcode.benchmarks import Dataset, Source
from pytest_mcode.benchmarks.registration import offer_nearby
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.duplicates import nearest

__all__ = ["DEMONSTRATIONS", "near_tasks"]

DEMONSTRATIONS = "demonstrations"
"""Instead of another benchmark's name: what ``--mcode-retrieval`` takes solved tasks from."""


def near_tasks(
    benchmark: str,
    other: str,
    *,
    dataset: str | None = None,
    near_dataset: str | None = None,
    least: float = 0.8,
) -> dict[str, Any]:
    """Return each task of `benchmark` with the most similar one of `other`, most similar pairs first.

    ``pairs`` are all of them (see `harnesses.duplicates.Pair`), ``repeated`` the ids of those that
    are alike by `least` or more. `other` is a benchmark, a JSONL file, or `DEMONSTRATIONS`; datasets are as
    for ``--mcode-dataset``. JSON types. Raises `ConfigurationError`.
    """
    offer_nearby(benchmark)
    first = benchmarks.get(benchmark).load(Source(dataset=dataset, option="--dataset"))
    place = Source(dataset=near_dataset, option="--near-dataset")
    second = _demonstrations(benchmark, dataset, place) if other == DEMONSTRATIONS else [_load(other, place)]
    pairs = nearest(first.tasks, [task for each in second for task in each.tasks])
    if not pairs:
        raise ConfigurationError(f"--near: {other} has no other task; name another benchmark")
    return {
        "benchmark": benchmark,
        "other": other,
        "origins": [f"{each.origin} ({each.split})" for each in (first, *second)],
        "least": least,
        "repeated": [pair.task_id for pair in pairs if pair.similarity >= least],
        "pairs": [{**asdict(pair), "similarity": pair.similarity} for pair in pairs],
    }


def _load(name: str, source: Source) -> Dataset:
    offer_nearby(name)
    return benchmarks.get(name).load(source)


def _demonstrations(benchmark: str, dataset: str | None, source: Source) -> Sequence[Dataset]:
    shown = benchmarks.get(benchmark).demonstrations
    if shown is None:
        raise ConfigurationError(f"--near: {benchmark} names no {DEMONSTRATIONS}; name another benchmark")
    name, splits = shown
    if source.dataset is None and name == benchmarks.get(benchmark).name:
        source = Source(dataset=dataset, option="--dataset")
    return [benchmarks.get(name).load(source.of(split)) for split in splits]
