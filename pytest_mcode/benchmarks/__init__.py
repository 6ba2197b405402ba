"""Named sets of tasks, each with a loader and a harness; this file holds the protocol and the registry."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.protocol import Harness
from pytest_mcode.records import Task, fingerprint

__all__ = [
    "FILES",
    "Benchmark",
    "Dataset",
    "Source",
    "built_in",
    "get",
    "is_offered",
    "names",
    "offer",
    "summaries",
]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a session wants its tasks from; None means the benchmark's own."""

    dataset: str | None = None
    """A local JSONL, JSONL.gz, JSON or Parquet file, or a Hub id."""
    revision: str | None = None
    split: str | None = None
    option: str = "--mcode-dataset"
    """What names the dataset, for messages."""

    def of(self, split: str) -> Self:
        """Return the same place for another split."""
        return replace(self, split=split)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One split's tasks, in dataset order."""

    tasks: Sequence[Task]
    origin: str
    """A path or ``hub-id@revision``."""
    split: str
    name: str = ""
    """What results are labelled with where that is not the benchmark's name: other rows in its columns."""

    @property
    def fingerprint(self) -> str:
        """The sha256 over the split's task fingerprints, whatever subset a session takes."""
        return fingerprint([task.fingerprint for task in self.tasks])


class Benchmark(Protocol):
    """A named set of tasks: where they come from, and which harness judges them.

    A class that inherits from `Benchmark` need only have a name, a summary, a harness and `load`.
    """

    @property
    def name(self) -> str:
        """What ``--mcode-benchmark`` takes."""

    @property
    def summary(self) -> str:
        """One line for listings."""

    @property
    def harness(self) -> Harness:
        """How its tasks are put to a model and judged."""

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Settings that this benchmark wants otherwise than usual, by field name of `Settings`."""
        return {}

    @property
    def prompt_template(self) -> str:
        """File name under ``pytest_mcode/harnesses/templates`` of a sample's first message."""
        return "plain.jinja"

    @property
    def demonstrations(self) -> tuple[str, Sequence[str]] | None:
        """A benchmark's name and those of its splits whose solved tasks ``--mcode-retrieval`` may show."""
        return None

    def load(self, source: Source) -> Dataset:
        """Load a split; raises `ConfigurationError` naming what was wanted and the way out."""


_BUILT_IN = {
    "smoke": "pytest_mcode.benchmarks.smoke:SMOKE",
    "humaneval": "pytest_mcode.benchmarks.humaneval:HUMANEVAL",
    "humaneval+": "pytest_mcode.benchmarks.humaneval:HUMANEVAL_PLUS",
    "mbpp": "pytest_mcode.benchmarks.mbpp:MBPP",
    "mbpp+": "pytest_mcode.benchmarks.mbpp:MBPP_PLUS",
    "swebench-lite": "pytest_mcode.benchmarks.swebench:SWEBENCH_LITE",
    "swebench-verified": "pytest_mcode.benchmarks.swebench:SWEBENCH_VERIFIED",
    "swebench-full": "pytest_mcode.benchmarks.swebench:SWEBENCH_FULL",
    "swebench-multilingual": "pytest_mcode.benchmarks.swebench:SWEBENCH_MULTILINGUAL",
}
"""Name to where the benchmark is; imported when asked for."""


FILES = (".jsonl", ".jsonl.gz")
"""How the path of a benchmark of one's own ends."""

_offered: dict[str, Benchmark] = {}
"""Those of conftest files and installed plugins."""


def built_in() -> list[str]:
    """Return the names of this package's benchmarks."""
    return list(_BUILT_IN)


def is_offered(name: str) -> bool:
    """Whether a benchmark is one of a conftest file's or an installed plugin's."""
    return name in _offered


def offer(found: Mapping[str, Benchmark]) -> None:
    """Offer these besides the built-in ones, instead of those that were offered before."""
    _offered.clear()
    _offered.update(found)


def names() -> list[str]:
    """Return the names of all benchmarks, in the order in which to list them."""
    return [*_BUILT_IN, *_offered]


def get(name: str) -> Benchmark:
    """Return the benchmark called `name`, or that of the JSONL file `name`.

    Raises `ConfigurationError` listing the known ones.
    """
    if name.endswith(FILES):
        from pytest_mcode.benchmarks.own import OwnBenchmark

        return OwnBenchmark(Path(name))
    if name in _offered:
        return _offered[name]
    if name not in _BUILT_IN:
        if Path(name).exists():
            raise ConfigurationError(f"{name}: a benchmark of your own is a file whose name ends in .jsonl")
        near = difflib.get_close_matches(name.lower(), names(), n=2)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise ConfigurationError(
            f"unknown benchmark {name!r}.{hint} Known are: {', '.join(names())}; one of your own is a .jsonl "
            "file, or a class that pytest_mcode_benchmarks() of the conftest.py where you stand returns"
        )
    import pkgutil

    benchmark: Benchmark = pkgutil.resolve_name(_BUILT_IN[name])
    return benchmark


def summaries() -> dict[str, str]:
    """Return every benchmark's one-line summary by name."""
    return {name: get(name).summary for name in names()}
