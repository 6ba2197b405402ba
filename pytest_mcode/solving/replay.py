"""Replay: what is stored is judged again, every attempt verbatim, and nothing is generated."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_mcode.solving.handle import TaskHandle

__all__ = ["Replay", "StoredAnswers"]

StoredAnswers = Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]
"""By task, then by sample, the attempts in their order: the fields of `store.samples.Answer`."""


class Replay:
    """A `Solver` that stops nowhere early."""

    concurrent = True

    def __init__(self, answers: StoredAnswers) -> None:
        self._answers = answers

    def __call__(self, task: TaskHandle) -> None:
        """Judge every attempt that was made at the task."""
        for sample, attempts in enumerate(self._answers[task.task.task_id]):
            for answer in attempts:
                task.judge_again(
                    sample,
                    completion=answer["completion"],
                    solution=answer["solution"],
                    finish_reason=answer["finish_reason"],
                )
