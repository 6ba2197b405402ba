"""Resample: a sample's budget spent on fresh attempts without feedback, the baseline at equal cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_mcode.records import Attempt, Message
from pytest_mcode.solving.handle import TaskHandle
from pytest_mcode.solving.sample_and_debug import SampleAndDebug

__all__ = ["Resample"]


@dataclass(frozen=True)
class Resample(SampleAndDebug):
    """The `Solver` in which every attempt is a first one, with a seed of its own."""

    def next_messages(self, task: TaskHandle, messages: Sequence[Message], attempt: Attempt) -> list[Message]:
        """Return the same messages again."""
        return list(messages)
