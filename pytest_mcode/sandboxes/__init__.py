"""Where solutions run: the protocol. `docker` isolates; `process` does not and must be asked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_mcode.records import Verdict

__all__ = ["NUMPY_IMAGE", "Limits", "Program", "Sandbox", "imports_numpy"]

NUMPY_IMAGE = "mcode-python:3.12-numpy"
"""What ``mcode image build`` makes, for tests that import numpy."""


def imports_numpy(source: str) -> bool:
    """Say whether trusted source, a test, needs numpy beside it."""
    return re.search(r"^\s*(import|from) numpy\b", source, re.MULTILINE) is not None


@dataclass(frozen=True, kw_only=True)
class Program:
    """A solution and the tests that judge it."""

    solution: str
    """The model's code: hostile until proven otherwise."""
    test: str
    """Trusted source, run where the solution cannot reach it; raises when the solution is wrong."""
    entry_points: tuple[str, ...]
    """Names that `test` calls and `solution` defines."""
    setup: str = ""
    """Trusted source that runs first, both before the solution and before the tests."""
    in_process: bool = False
    """Run the tests in the solution's own process: only where plain data does not suffice."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on one attempt."""

    timeout: float = 60.0
    """Seconds of the attempt's own time, children included: see `runner.clock` for what is charged."""
    memory: int = 512 * 2**20
    """Bytes."""
    pids: int = 64
    """Processes and threads."""
    output: int = 64 * 2**20
    """Bytes of standard output and standard error together, a flood; more is the verdict ``output_limit``."""


class Sandbox(Protocol):
    """Runs programs one at a time: threads that share it take turns."""

    def run(self, program: Program) -> Verdict:
        """Run `program` within the sandbox's limits and say what came of it.

        Raises `InfraError` when the sandbox itself failed, after one retry of its own, or was closed.
        """

    def describe(self) -> Mapping[str, Any]:
        """Return what belongs into the run's record: engine, image digest, Python version, limits."""

    def close(self) -> None:
        """Release everything; nothing survives. May be called twice, and from any thread."""
