"""What answers without any model server: the reference solutions, stored answers, a user's own fixture."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import Completion, Model, ModelSettings, Request

__all__ = ["GOLD", "NONE", "REPLAY", "GoldModel"]


class GoldModel:
    """Answers with the dataset's own reference solution: checks a benchmark and a sandbox."""

    concurrent = True

    def generate(self, request: Request) -> Completion:
        """Return `canonical_solution` in a fence; raises `ConfigurationError` where the task has none."""
        solution = request.task.canonical_solution
        if solution is None:
            raise ConfigurationError(
                f"--mcode-backend=gold: the dataset gives no reference solution for {request.task.task_id}; "
                "use a model, or a dataset with canonical_solution"
            )
        return Completion(text=f"```python\n{solution}\n```", finish_reason="stop")

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


@dataclass(frozen=True)
class _WithoutServer:
    """A backend that asks nobody."""

    name: str
    summary: str
    takes: tuple[str, ...] = ()

    def preflight(self, settings: ModelSettings) -> Mapping[str, Any]:
        """Return nothing: there is nothing to ask."""
        return {}

    def open(self, settings: ModelSettings) -> Model:
        """Return the reference solutions' model; others open none."""
        if self.name == "gold":
            return GoldModel()
        raise ConfigurationError(f"--mcode-backend={self.name} {_WITHOUT_MODEL[self.name]}")


_WITHOUT_MODEL = {
    "replay": "judges stored answers and opens no model; name a backend that has models",
    "none": "has no model of ours: override the fixture mcode_model or mcode_solver in "
    "a conftest.py, or run a test function of your own that takes mcode_task",
}

GOLD = _WithoutServer("gold", "the dataset's own reference solutions")
REPLAY = _WithoutServer("replay", "stored answers, judged again")
NONE = _WithoutServer("none", "a fixture or test function of your own")
