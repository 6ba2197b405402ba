"""Patches as SWE-bench's evaluator reads them, and an agent's steps as mini-swe-agent writes them."""

from collections.abc import Mapping
from typing import Any

from pytest_mcode.harnesses.repositories.patches import without
from pytest_mcode.records import Attempt, TaskOutcome

__all__ = ["prediction", "trajectory"]

EXIT_STATUS = {
    "submitted": "Submitted",
    "step limit": "LimitsExceeded",
    "time limit": "TimeExceeded",
    "no command": "RepeatedFormatError",
}
"""mini-swe-agent's words (2.4.6, ``exceptions.py``) for how an attempt ended."""


def prediction(*, outcome: TaskOutcome, attempt: Attempt, model: str, **_: object) -> Mapping[str, Any]:
    """Return a line of SWE-bench's predictions: the patch less the edits to graded test files left out."""
    return {"instance_id": outcome.task_id, "model_name_or_path": model, "model_patch": _handed_in(attempt)}


def trajectory(*, outcome: TaskOutcome, attempt: Attempt, model: str, **_: object) -> Mapping[str, Any]:
    """Return what mini-swe-agent 2 saves of a task as ``.traj.json`` (``agents/default.py``, ``serialize``).

    The attempt's prices are not known: ``instance_cost`` is 0.
    """
    ended = attempt.extra.get("ended", "submitted")
    status, patch = EXIT_STATUS.get(ended, ended), _handed_in(attempt)
    told = {"exit_status": status, "submission": patch}
    answers = attempt.extra.get("answers", [None])
    config = {"agent": {}, "model": {"model_name": model}}
    return {
        "instance_id": outcome.task_id,
        "info": {
            "model_stats": {"instance_cost": 0.0, "api_calls": len(answers)},
            "config": config,
            **told,
        },
        "messages": [*attempt.messages, {"role": "exit", "content": patch, "extra": told}],
        "trajectory_format": "mini-swe-agent-1.1",
    }


def _handed_in(attempt: Attempt) -> str:
    return without(attempt.solution or "", attempt.extra.get("left_out", ()))[0]
