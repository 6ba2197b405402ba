"""Sample and debug: N independent samples of a task, each a first attempt and up to M repairs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_mcode.errors import ContentFilterError, ContextOverflowError
from pytest_mcode.harnesses.prompting import Prompt
from pytest_mcode.harnesses.reasoning import strip_reasoning
from pytest_mcode.models import Completion, Model, Request
from pytest_mcode.models.asking import ask
from pytest_mcode.records import Attempt, Message
from pytest_mcode.solving.asking import NO_ANSWER, attempt_seed, checked_repair, opening, request_for
from pytest_mcode.solving.handle import TaskHandle
from pytest_mcode.solving.styles import STYLES, Failure, Style

__all__ = ["SampleAndDebug"]


class _RefusedAsideError(Exception):
    """The server refused what a style asks on the side."""

    def __init__(self, request: Request, error: ContextOverflowError | ContentFilterError) -> None:
        super().__init__(str(error))
        self.request, self.error = request, error


@dataclass(frozen=True)
class SampleAndDebug:
    """The bundled `Solver`."""

    model: Model
    prompt: Prompt
    samples: int = 1
    debug_iters: int = 0
    all_samples: bool = False
    seed: int = 0
    style: Style = STYLES["conversation"]
    """What a repair shows the model."""

    def __call__(self, task: TaskHandle) -> None:
        """Start samples until one passes, or all of them where `all_samples` asks for it."""
        for sample in range(self.samples):
            self.sample(task, sample)
            if task.looks_solved(task.attempts[-1]) and not self.all_samples:
                return

    def sample(self, task: TaskHandle, sample: int) -> None:
        """Make a first attempt and repair it until it passes or the budget ends."""
        messages = opening(self.prompt, task.task)
        attempt = self.attempt(task, self.request(task, messages, sample, 0))
        while not self.is_over(task, attempt) and attempt.iteration < self.debug_iters:
            attempt = self.repair(task, attempt)

    def repair(self, task: TaskHandle, attempt: Attempt) -> Attempt:
        """Make the attempt that follows a failed one."""
        try:
            messages = self.next_messages(task, attempt.messages, attempt)
        except _RefusedAsideError as refused:
            return task.record_refusal(refused.request, refused.error)
        return self.attempt(task, self.request(task, messages, attempt.sample, attempt.iteration + 1))

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
        """Return what a repair of `attempt`, which was sent `messages`, sends in this style."""
        asked = 0

        def ask_aside(question: Sequence[Message]) -> str:
            nonlocal asked
            asked += 1
            return self._ask_aside(task, question, attempt, asked)

        failure = Failure(
            task=task.task,
            prompt=self.prompt,
            opening=opening(self.prompt, task.task),
            attempts=[each for each in task.attempts if each.sample == attempt.sample],
            verdict=task.shown(attempt),
            ask=ask_aside,
        )
        return checked_repair(self.style, self.style.messages(failure))

    def request(self, task: TaskHandle, messages: Sequence[Message], sample: int, iteration: int) -> Request:
        """Return what an attempt sends, with its own seed."""
        return request_for(
            self.prompt, task.task, messages, seed=self.seed, sample=sample, iteration=iteration
        )

    def is_over(self, task: TaskHandle, attempt: Attempt) -> bool:
        """Whether a sample ends with `attempt`: it looks solved, or the conversation can't grow."""
        return task.looks_solved(attempt) or attempt.verdict.kind == "context_overflow"

    def _ask_aside(self, task: TaskHandle, question: Sequence[Message], attempt: Attempt, number: int) -> str:
        """Ask for what the repair of `attempt` is made of."""
        sample, iteration = attempt.sample, attempt.iteration + 1
        request = self.request(task, question, sample, iteration)
        seed = attempt_seed(self.seed, task.task.task_id, sample, iteration, number)

        def answer(request: Request) -> Completion:
            try:
                return ask(self.model, request)
            except (ContextOverflowError, ContentFilterError) as error:
                raise _RefusedAsideError(request, error) from error

        return strip_reasoning(task.ask_aside(replace(request, seed=seed), answer)) or NO_ANSWER
