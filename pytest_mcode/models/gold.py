"""The model that knows the answers: checks a benchmark and a sandbox without any model server."""

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.models import Completion, Request

__all__ = ["GoldModel"]


class GoldModel:
    """Answers with the dataset's own reference solution."""

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
