"""Sample and debug: N independent samples of a task, each a first attempt and up to M repairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pytest_mcode.errors import ContentFilterError, ContextOverflowError
from pytest_mcode.harnesses.prompting import Prompt
from pytest_mcode.models import Model, Request
from pytest_mcode.models.asking import ask
from pytest_mcode.records import Attempt, Message
from pytest_mcode.solving.asking import answer_turn, opening, repair_turn, request_for
from pytest_mcode.solving.handle import TaskHandle

__all__ = ["SampleAndDebug"]


@dataclass(frozen=True)
class SampleAndDebug:
    """The bundled `Solver`."""

    concurrent: ClassVar[bool] = True

    model: Model
    prompt: Prompt
    samples: int = 1
    debug_iters: int = 0
    all_samples: bool = False
    seed: int = 0

    def __call__(self, task: TaskHandle) -> None:
        """Start samples until one passes, or all of them where `all_samples` asks for it."""
        for sample in range(self.samples):
            self.sample(task, sample)
            if task.looks_solved(task.attempts[-1]) and not self.all_samples:
                return

    def sample(self, task: TaskHandle, sample: int) -> None:
        """Make a first attempt and repair it, in one conversation, until it passes or the budget ends."""
        messages = opening(self.prompt, task.task)
        attempt = self.attempt(task, self.request(task, messages, sample, 0))
        for iteration in range(1, self.debug_iters + 1):
            if self.is_over(task, attempt):
                return
            messages = self.next_messages(task, messages, attempt)
            attempt = self.attempt(task, self.request(task, messages, sample, iteration))

    def attempt(self, task: TaskHandle, request: Request) -> Attempt:
        """Generate and judge once, unless an earlier session has done so."""
        recalled = task.recall(request)
        if recalled:
            return recalled
        try:
            completion = ask(self.model, request)
        except (ContextOverflowError, ContentFilterError) as error:
            return task.record_refusal(request, error)
        return task.judge_completion(request, completion)

    def next_messages(self, task: TaskHandle, messages: Sequence[Message], attempt: Attempt) -> list[Message]:
        """Return the conversation that a repair goes on with: the answer, and its verdict as far as shown."""
        turn = repair_turn(self.prompt, task.task, task.shown(attempt))
        return [*messages, answer_turn(attempt.completion), turn]

    def request(self, task: TaskHandle, messages: Sequence[Message], sample: int, iteration: int) -> Request:
        """Return what an attempt sends, with its own seed."""
        return request_for(
            self.prompt, task.task, messages, seed=self.seed, sample=sample, iteration=iteration
        )

    def is_over(self, task: TaskHandle, attempt: Attempt) -> bool:
        """Whether a sample ends with `attempt`: it looks solved, or the conversation can't grow."""
        return task.looks_solved(attempt) or attempt.verdict.kind == "context_overflow"
