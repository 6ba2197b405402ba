"""A solver that, when it is done, also chooses which of the samples it would hand in."""

from dataclasses import dataclass

from pytest_mcode.models import Model
from pytest_mcode.solving.handle import TaskHandle
from pytest_mcode.solving.solver import Solver

__all__ = ["Selecting"]


@dataclass(frozen=True)
class Selecting:
    """A `Solver` around another one; what it decides stays as it is."""

    solver: Solver
    by: str
    seed: int
    model: Model | None = None
    """Writes tests, where the way of choosing needs some."""

    def __call__(self, task: TaskHandle) -> None:
        """Solve, then choose and record the choice in the handle."""
        self.solver(task)
        task.choose(self.by, seed=self.seed, model=self.model)
