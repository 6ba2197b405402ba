"""The bundled test function: one item per task of the benchmark."""

from pytest_mcode.solving import Solver, TaskHandle


def test_task(mcode_task: TaskHandle, mcode_solver: Solver) -> None:
    """Passes when a sample passes."""
    mcode_solver(mcode_task)
