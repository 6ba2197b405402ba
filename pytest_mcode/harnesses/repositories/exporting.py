"""Patches as SWE-bench's evaluator reads them; an agent's steps as mini-swe-agent and SWE-agent save them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.harnesses.repositories.patches import without
from pytest_mcode.records import Attempt, Message, TaskOutcome

__all__ = ["prediction", "sweagent_trajectory", "trajectory"]

EXIT_STATUS = {
    "submitted": "Submitted",
    "step limit": "LimitsExceeded",
    "price limit": "LimitsExceeded",
    "time limit": "TimeExceeded",
    "no command": "RepeatedFormatError",
}
"""mini-swe-agent's words (2.4.6, ``exceptions.py``) for how an attempt ended."""
SWE_AGENT_STATUS = {
    "submitted": "submitted",
    "step limit": "exit_cost",
    "price limit": "exit_cost",
    "time limit": "exit_total_execution_time",
    "no command": "exit_format",
    "container ended": "exit_environment_error",
    "refused": "exit_context",
}
"""SWE-agent's words (1.1, ``agent/agents.py``)."""


def prediction(*, outcome: TaskOutcome, attempt: Attempt, model: str, **_: object) -> Mapping[str, Any]:
    """Return a line of SWE-bench's predictions: the patch less the edits to graded test files left out."""
    return {"instance_id": outcome.task_id, "model_name_or_path": model, "model_patch": _handed_in(attempt)}


def trajectory(*, outcome: TaskOutcome, attempt: Attempt, model: str, **_: object) -> Mapping[str, Any]:
    """Return what mini-swe-agent 2 saves of a task as ``.traj.json`` (``agents/default.py``, ``serialize``).

    ``instance_cost`` is 0 where prices are not known.
    """
    told = {"exit_status": _status(attempt, EXIT_STATUS), "submission": _handed_in(attempt)}
    config = {"agent": {}, "model": {"model_name": model}}
    return {
        "instance_id": outcome.task_id,
        "info": {
            "model_stats": {"instance_cost": _price(attempt), "api_calls": len(_answers(attempt))},
            "config": config,
            **told,
        },
        "messages": [*attempt.messages, {"role": "exit", "content": told["submission"], "extra": told}],
        "trajectory_format": "mini-swe-agent-1.1",
    }


def sweagent_trajectory(*, outcome: TaskOutcome, attempt: Attempt, **_: object) -> Mapping[str, Any]:
    """Return what SWE-agent 1 saves of a task as ``.traj``, to be written to a file of its own.

    Its keys are those of https://swe-agent.com/latest/usage/trajectories/ and ``sweagent/types.py``. A step
    is an answer with all its commands; ``query``, which repeats the conversation at each step, stays empty.
    """
    answers, costs = _answers(attempt), _turns(attempt)
    stats = {
        "instance_cost": _price(attempt),
        "tokens_sent": attempt.prompt_tokens or 0,
        "tokens_received": attempt.completion_tokens or 0,
        "api_calls": len(answers),
    }
    info = {"exit_status": _status(attempt, SWE_AGENT_STATUS), "submission": _handed_in(attempt)}
    return {
        "instance_id": outcome.task_id,
        "environment": outcome.task_id,
        "trajectory": [_step(attempt, number, *turn) for number, turn in enumerate(costs)],
        "history": [_remembered(message) for message in attempt.messages],
        "info": {**info, "model_stats": stats},
        "replay_config": None,
    }


def _step(attempt: Attempt, number: int, response: str, observed: Sequence[str]) -> Mapping[str, Any]:
    steps = [step for step in attempt.extra.get("steps", ()) if step.get("answer") == number]
    return {
        "action": "\n".join(step["command"] for step in steps),
        "observation": "\n".join(observed),
        "response": response,
        "thought": response,
        "state": {},
        "execution_time": sum(step["seconds"] for step in steps),
        "query": [],
        "extra_info": {},
    }


def _turns(attempt: Attempt) -> Sequence[tuple[str, Sequence[str]]]:
    """Return each answer of the attempt, and what it was shown for it; earlier attempts' are left out."""
    turns: list[tuple[str, list[str]]] = []
    for message in attempt.messages:
        if message["role"] == "assistant":
            turns.append((message["content"], []))
        elif turns:
            turns[-1][1].append(message["content"])
    made = len(_answers(attempt))
    return turns[-made:] if made else []


def _remembered(message: Message) -> Mapping[str, Any]:
    kinds = {"system": "system_prompt", "assistant": "action"}
    return {**message, "agent": "main", "message_type": kinds.get(message["role"], "observation")}


def _status(attempt: Attempt, words: Mapping[str, str]) -> str:
    ended = str(attempt.extra.get("ended", "submitted"))
    return words.get(ended, ended)


def _answers(attempt: Attempt) -> Sequence[Mapping[str, Any]]:
    found = attempt.extra.get("answers")
    return found if isinstance(found, list) else [{}]


def _price(attempt: Attempt) -> float:
    counted = sum(answer.get("price", 0.0) for answer in _answers(attempt))
    return float(attempt.extra.get("price", counted))


def _handed_in(attempt: Attempt) -> str:
    return without(attempt.solution or "", attempt.extra.get("left_out", ()))[0]
