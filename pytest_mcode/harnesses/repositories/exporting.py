"""Patches as SWE-bench's evaluator reads them."""

from collections.abc import Mapping
from typing import Any

from pytest_mcode.harnesses.repositories.patches import without
from pytest_mcode.records import Attempt, TaskOutcome

__all__ = ["prediction"]


def prediction(*, outcome: TaskOutcome, attempt: Attempt, model: str, **_: object) -> Mapping[str, Any]:
    """Return a line of SWE-bench's predictions: the patch less the edits to graded test files left out."""
    patch = without(attempt.solution or "", attempt.extra.get("left_out", ()))[0]
    return {"instance_id": outcome.task_id, "model_name_or_path": model, "model_patch": patch}
