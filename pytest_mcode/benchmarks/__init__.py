"""Named sets of tasks, each with a loader and a judge; this file holds the protocol and the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_mcode.records import Task, Verdict, fingerprint
from pytest_mcode.sandboxes import Sandbox

__all__ = ["Benchmark", "Dataset", "Source"]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a session wants its tasks from; None means the benchmark's own."""

    dataset: str | None = None
    """A local JSONL, JSONL.gz, JSON or Parquet file, or a Hub id."""
    revision: str | None = None
    split: str | None = None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One split's tasks, in dataset order."""

    tasks: Sequence[Task]
    origin: str
    """A path or ``hub-id@revision``."""
    split: str

    @property
    def fingerprint(self) -> str:
        """The sha256 over the split's task fingerprints, whatever subset a session takes."""
        return fingerprint([task.fingerprint for task in self.tasks])


class Benchmark(Protocol):
    """A named set of tasks with a loader, a prompt and a judge."""

    name: str
    summary: str
    """One line for listings."""
    defaults: Mapping[str, Any]
    """Settings that this benchmark wants otherwise than usual, by field name of `Settings`."""
    prompt_template: str
    """File name under ``pytest_mcode/prompts/templates`` of a sample's first message."""

    def load(self, source: Source) -> Dataset:
        """Load a split; raises `ConfigurationError` naming what was wanted and the way out."""

    def extract(self, completion: str, task: Task) -> str | None:
        """Return the solution in a completion, or None where there is no parseable code."""

    def judge(self, task: Task, solution: str, sandbox: Sandbox) -> Verdict:
        """Judge a solution in `sandbox`."""
