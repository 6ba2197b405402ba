"""Hooks that a conftest.py or an installed pytest plugin may implement."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_mcode.records import Attempt, RunInfo, TaskOutcome


@pytest.hookspec
def pytest_mcode_benchmarks() -> list[Any]:  # type: ignore[empty-body]
    """Return benchmarks (`pytest_mcode.benchmarks.Benchmark`, or classes of them) to offer by their names."""


@pytest.hookspec
def pytest_mcode_backends() -> list[Any]:  # type: ignore[empty-body]
    """Return backends (`pytest_mcode.models.Backend`, or classes of them) to offer by their names."""


@pytest.hookspec
def pytest_mcode_run_started(run: "RunInfo", tasks: int, resumed: bool) -> None:
    """Called once the run is open, before its first task; `tasks` are planned, `resumed`: some were judged.

    This one and the following are called in the controller, also with xdist. What they raise becomes a note
    of the session: no verdict and no record depends on them. The session waits for them, so keep them short.
    """


@pytest.hookspec
def pytest_mcode_attempt_finished(run: "RunInfo", outcome: "TaskOutcome", attempt: "Attempt") -> None:
    """Called for each attempt at a task that ended, in their order, once the task is stored."""


@pytest.hookspec
def pytest_mcode_task_finished(run: "RunInfo", outcome: "TaskOutcome") -> None:
    """Called when a task ended and is stored, after its attempts."""


@pytest.hookspec
def pytest_mcode_run_finished(run: "RunInfo", status: str, figures: "Sequence[Mapping[str, Any]]") -> None:
    """Called when the session ends: `status` is finished, interrupted or stopped.

    `figures` are those of the whole run, by test function, as ``mcode results --json`` has them.
    """
