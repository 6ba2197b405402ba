"""Benchmarks whose tasks are a function to write and a test that calls it: what they all share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pytest_mcode.benchmarks.rows import RowLoader, Split
from pytest_mcode.harnesses.functions.harness import FUNCTIONS
from pytest_mcode.harnesses.protocol import Harness

__all__ = ["FunctionBenchmark", "FunctionJudge", "Split"]


class FunctionJudge:
    """What a `Benchmark` of functions is but for its tasks.

    A benchmark of one's own inherits from it and adds ``name``, ``summary`` and ``load``. Another way to
    extract or to judge is another `harness`: a class that inherits from `FunctionHarness`.
    """

    harness: Harness = FUNCTIONS
    prompt_template: str = "own.jinja"
    defaults: Mapping[str, Any] = MappingProxyType({})
    demonstrations: tuple[str, Sequence[str]] | None = None


@dataclass(frozen=True, kw_only=True)
class FunctionBenchmark(FunctionJudge, RowLoader):
    """A `Benchmark` made of rows."""

    summary: str
    prompt_template: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    demonstrations: tuple[str, Sequence[str]] | None = None
