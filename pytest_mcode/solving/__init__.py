"""How a task is tried: sample and debug, resample, an agent, replay; and the handle that records attempts."""

from pytest_mcode.solving.handle import TaskHandle
from pytest_mcode.solving.solver import Solver

__all__ = ["Solver", "TaskHandle"]
