"""Where solutions run: the protocols of a sandbox, and of the providers that isolate one."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pytest_mcode.records import Verdict

__all__ = [
    "NUMPY_IMAGE",
    "Isolation",
    "Limits",
    "Order",
    "Program",
    "Progress",
    "Provider",
    "Sandbox",
    "imports_numpy",
]

Isolation = Literal["fork", "fresh"]
Progress = Callable[[str], None]
"""Takes lines of text while something takes its time."""

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
    """Runs programs; threads may share it where it says so: ``concurrent = True``."""

    def run(self, program: Program) -> Verdict:
        """Run `program` within the sandbox's limits and say what came of it.

        Raises `InfraError` when the sandbox itself failed, after one retry of its own, or was closed.
        """

    def describe(self) -> Mapping[str, Any]:
        """Return what belongs into the run's record: engine, image digest, Python version, limits."""

    def close(self) -> None:
        """Release everything; nothing survives. May be called twice, and from any thread."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a session asks of a provider."""

    limits: Limits
    session_id: str
    image: str = ""
    allow_weaker: tuple[str, ...] = ()
    """Promises that need not be held, see `promises.PROMISES`."""
    rootfs: str | None = None
    """A directory with a Linux system, for providers that need no image."""
    isolation: Isolation = "fork"


class Provider(Protocol):
    """A way to isolate: a module of this folder, by its name in `opening.PROVIDERS`."""

    def open(self, order: Order) -> Sandbox:
        """Return a sandbox of its own; nothing is started before its first program."""

    def check(self, order: Order, needs: Sequence[str], progress: Progress) -> Mapping[str, Any]:
        """Try a trivial program; return what the run's record says of the sandbox.

        `needs` are modules that its Python must have. Raises `ConfigurationError` with the remedy.
        """

    def remove_leftovers(self, session_id: str) -> int:
        """Remove whatever is left of a session that ends; return how many things that were."""
