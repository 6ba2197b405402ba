"""Benchmarks whose tasks are a function to write and a test that calls it: what they all share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pytest_mcode.benchmarks import Kind
from pytest_mcode.benchmarks.rows import RowLoader, Split
from pytest_mcode.extraction import extract_code
from pytest_mcode.records import Task, Verdict
from pytest_mcode.sandboxes import Program, Sandbox

__all__ = ["FunctionBenchmark", "FunctionJudge", "Split"]


class FunctionJudge:
    """How a completion becomes a solution, and how this is judged, where the test calls functions.

    A benchmark of one's own inherits from it and adds ``name``, ``summary`` and ``load``.
    """

    kind: Kind = "functions"
    prompt_template: str = "own.jinja"
    defaults: Mapping[str, Any] = MappingProxyType({})
    demonstrations: tuple[str, Sequence[str]] | None = None
    continues_prompt: bool = False
    """Whether a completion may be a bare body that continues the prompt."""

    def extract(self, completion: str, task: Task, sandbox: Sandbox | None = None) -> str | None:
        """Return the solution in a completion, or None where there is no parseable code."""
        stub = task.prompt if self.continues_prompt else None
        return extract_code(completion, entry_points=task.entry_points, stub=stub)

    def judge(self, task: Task, solution: str, sandbox: Sandbox) -> Verdict:
        """Run the task's test against `solution`."""
        return sandbox.run(_program(task, solution, task.test))

    def judge_publicly(self, task: Task, solution: str, sandbox: Sandbox) -> Verdict | None:
        """Run the test that the prompt shows; None where it shows none."""
        if task.public_test is None:
            return None
        return sandbox.run(_program(task, solution, task.public_test))

    def remarks(self, task: Task, solution: str) -> Mapping[str, Any]:
        """Return nothing: code and verdict say it all."""
        return {}


def _program(task: Task, solution: str, test: str) -> Program:
    return Program(
        solution=solution,
        test=test,
        entry_points=task.entry_points,
        setup=task.setup,
        in_process=task.in_process,
    )


@dataclass(frozen=True, kw_only=True)
class FunctionBenchmark(FunctionJudge, RowLoader):
    """A `Benchmark` made of rows."""

    summary: str
    prompt_template: str
    continues_prompt: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    demonstrations: tuple[str, Sequence[str]] | None = None
