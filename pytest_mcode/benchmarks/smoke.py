"""A dozen small tasks of our own, from easy to one that small models usually miss. No network."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from pytest_mcode.benchmarks import Dataset, Source
from pytest_mcode.benchmarks.examples import public_test
from pytest_mcode.benchmarks.functions import FunctionJudge
from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.functions.stubs import prelude
from pytest_mcode.records import Task

__all__ = ["SMOKE"]


@dataclass(frozen=True, kw_only=True)
class Smoke(FunctionJudge):
    """The `Benchmark` whose tasks come with the package."""

    name: str = "smoke"
    summary: str = "12 small functions that come with the package: no network"
    prompt_template: str = "humaneval.jinja"
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def load(self, source: Source) -> Dataset:
        """Load the one split; other data has other benchmarks."""
        if source.dataset or source.revision:
            raise ConfigurationError(
                "smoke's tasks come with the package: it takes no dataset and no revision"
            )
        if source.split not in (None, "test"):
            raise ConfigurationError(f"smoke has no split {source.split!r}; its only split is test")
        text = files(__package__).joinpath("smoke.toml").read_text(encoding="utf-8")
        rows = tomllib.loads(text)["task"]
        tasks = [_to_task(number, row) for number, row in enumerate(rows, 1)]
        return Dataset(tasks=tasks, origin="pytest-mcode", split="test")


def _to_task(number: int, row: Mapping[str, str]) -> Task:
    return Task(
        task_id=f"Smoke/{number}",
        prompt=row["prompt"],
        setup=prelude(row["prompt"], row["entry_point"]),
        test=row["test"],
        entry_points=(row["entry_point"],),
        canonical_solution=row["prompt"] + row["body"],
        public_test=public_test(row["prompt"], row["entry_point"]),
    )


SMOKE = Smoke()
