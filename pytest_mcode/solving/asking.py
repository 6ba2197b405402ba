"""What an attempt sends: the messages of a prompt, with a seed of their own.

A prompt may be a user's own: what it returns is checked here, and said to be its.
"""

from collections.abc import Sequence
from typing import Any

from pytest_mcode.errors import ConfigurationError
from pytest_mcode.harnesses.prompting import Prompt, retrieved
from pytest_mcode.harnesses.reasoning import strip_reasoning
from pytest_mcode.models import Request
from pytest_mcode.records import Message, Task, Verdict, fingerprint

__all__ = ["answer_turn", "attempt_seed", "checked_repair", "opening", "repair_turn", "request_for"]

NO_ANSWER = "(no answer)"
"""Stands for a turn that held reasoning alone: some servers refuse an empty one."""


def attempt_seed(seed: int, task_id: str, sample: int, iteration: int, *aside: int) -> int:
    """Derive an attempt's seed (31 bits, what every backend takes): samples differ, a run repeats.

    What the attempt asks on the side has the number of the question, from 1, as `aside`.
    """
    return int(fingerprint([seed, task_id, sample, iteration, *aside])[:8], 16) & 0x7FFFFFFF


def opening(prompt: Prompt, task: Task) -> list[Message]:
    """Return the messages that open a sample; raises `ConfigurationError` where they are none."""
    return _checked(prompt.first(task), f"first() of {_whose(prompt)}", "a prompt")


def checked_repair(style: object, messages: object) -> list[Message]:
    """Return what a style words a repair with; raises `ConfigurationError` where it is no messages."""
    return _checked(messages, f"messages() of {_whose(style)}", "a style of repair")


def repair_turn(prompt: Prompt, task: Task, verdict: Verdict | None) -> Message:
    """Return the turn that follows a failed attempt; raises `ConfigurationError` where it is none."""
    message = prompt.repair(task, verdict)
    if not _is_message(message):
        raise ConfigurationError(
            f"repair() of {_whose(prompt)} returned {message!r:.80}; "
            "a prompt returns one message: {'role': 'user', 'content': '…'}"
        )
    return message


def answer_turn(completion: str) -> Message:
    """Return a model's answer as it is sent back to it: without its reasoning."""
    return {"role": "assistant", "content": strip_reasoning(completion) or NO_ANSWER}


def request_for(
    prompt: Prompt, task: Task, messages: Sequence[Message], *, seed: int, sample: int, iteration: int
) -> Request:
    """Return what an attempt sends; its seed derives from the session's `seed`."""
    return Request(
        messages=tuple(messages),
        seed=attempt_seed(seed, task.task_id, sample, iteration),
        task=task,
        sample=sample,
        iteration=iteration,
        retrieved=retrieved(prompt, task),
    )


def _checked(messages: Any, whose: str, what: str) -> list[Message]:
    if not isinstance(messages, list) or not messages or not all(_is_message(each) for each in messages):
        raise ConfigurationError(
            f"{whose} returned {messages!r:.80}; "
            f"{what} returns a list of messages: {{'role': 'user', 'content': '…'}}"
        )
    return messages


def _whose(part: object) -> str:
    return type(part).__name__


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.get("role") in ("system", "user", "assistant", "tool")
        and isinstance(message.get("content"), str)
    )
