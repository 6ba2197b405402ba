"""The protocol of a style: from a failed attempt to the messages of its repair."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_mcode.harnesses.prompting import Prompt
from pytest_mcode.records import Attempt, Message, Task, Verdict
from pytest_mcode.solving.asking import answer_turn, repair_turn

__all__ = ["Failure", "Style"]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A failed attempt, and all that its repair may be made of."""

    task: Task
    prompt: Prompt
    opening: Sequence[Message]
    """The messages that open a sample; the last one, the user's, states the task."""
    attempts: Sequence[Attempt]
    """Those of the sample, in order: the last one is to be repaired."""
    verdict: Verdict | None
    """As far as ``--mcode-feedback`` shows it; None: only that it failed."""
    ask: Callable[[Sequence[Message]], str]
    """Asks the model something on the side and returns its answer, without its reasoning.

    Recorded with the repair, whose tokens and seconds count it.
    """
    ask_helper: Callable[[Sequence[Message]], str]
    """The same of the model of ``--mcode-helper-model``, whose tokens are counted apart."""

    trace: Callable[[], str | None]
    """Runs the failing call once more and returns what it did, line by line; None where it can't be had."""

    @property
    def attempt(self) -> Attempt:
        """The attempt to repair."""
        return self.attempts[-1]

    @property
    def problem(self) -> str:
        """The task as the model was given it."""
        return self.opening[-1]["content"]

    @property
    def code(self) -> str:
        """What was judged; the whole answer where nothing in it could be."""
        return self.attempt.solution or answer_turn(self.attempt.completion)["content"]

    @property
    def turn(self) -> Message:
        """The prompt's own words for the verdict, which end in asking for the corrected answer."""
        return repair_turn(self.prompt, self.task, self.verdict)

    @property
    def variables(self) -> dict[str, Any]:
        """What every template of a style may use."""
        return {
            "problem": self.problem,
            "code": self.code,
            "verdict": self.verdict,
            "turn": self.turn["content"],
        }

    def afresh(self, text: str) -> list[Message]:
        """Return a conversation that begins with `text` where the opening states the task."""
        return [*self.opening[:-1], {"role": "user", "content": text}]


class Style(Protocol):
    """Words a repair. One object serves all tasks, from several threads: it keeps nothing."""

    @property
    def hash(self) -> str:
        """Changes whenever the words do; runs with different hashes are different configurations."""

    def messages(self, failure: Failure) -> list[Message]:
        """Return what the model receives, the last message the user's."""
