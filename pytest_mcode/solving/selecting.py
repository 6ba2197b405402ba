"""A solver that, when it is done, also chooses which of the samples it would hand in."""

from dataclasses import dataclass
from typing import ClassVar

from pytest_mcode.models import Model
from pytest_mcode.selection import Evidence, choose
from pytest_mcode.solving.handle import TaskHandle
from pytest_mcode.solving.solver import Solver

__all__ = ["Selecting"]


@dataclass(frozen=True)
class Selecting:
    """A `Solver` around another one; what it decides stays as it is."""

    concurrent: ClassVar[bool] = True
    """As are the bundled solvers."""

    solver: Solver
    by: str
    seed: int
    model: Model | None = None
    """Writes tests, where the way of choosing needs some."""

    def __call__(self, task: TaskHandle) -> None:
        """Solve, then choose and record the choice in the handle."""
        self.solver(task)
        evidence = Evidence(
            task=task.task,
            harness=task.harness or task.benchmark.harness,
            sandbox=task.sandbox,
            attempts=task.attempts,
            seed=self.seed,
            model=self.model,
        )
        task.choices.append(choose(self.by, evidence))
