"""Sample and debug: N independent samples of a task, each a first attempt and up to M repairs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import ClassVar

from pytest_mcode.errors import ConfigurationError, ContentFilterError, ContextOverflowError, InfraError
from pytest_mcode.harnesses.prompting import Prompt
from pytest_mcode.harnesses.reasoning import strip_reasoning
from pytest_mcode.models import Completion, Model, Request
from pytest_mcode.models.asking import ask
from pytest_mcode.records import Attempt, Message
from pytest_mcode.solving.asking import NO_ANSWER, attempt_seed, checked_repair, opening, request_for
from pytest_mcode.solving.handle import TaskHandle
from pytest_mcode.solving.orders import Open, Order, depth_first
from pytest_mcode.solving.repeats import OnRepeat, temperature_after
from pytest_mcode.solving.styles import Failure, Style
from pytest_mcode.solving.styles.conversation import CONVERSATION

__all__ = ["SampleAndDebug"]


class _RefusedAsideError(Exception):
    """The server refused what a style asks on the side."""

    def __init__(self, request: Request, error: ContextOverflowError | ContentFilterError) -> None:
        super().__init__(str(error))
        self.request, self.error = request, error


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
    style: Style = CONVERSATION
    """What a repair shows the model."""
    on_repeat: OnRepeat = "restart"
    """What follows an answer that was given before."""
    temperature: float | None = None
    """The session's, from which ``warmer`` starts."""

    order: Order = depth_first
    """Which sample comes next."""
    helper: Model | None = None
    """What a style may ask besides `model`."""

    def __call__(self, task: TaskHandle) -> None:
        """Spend the budget until a sample passes, or all of it where `all_samples` asks for that."""
        while samples := self.open_samples(task):
            attempt = self.step(task, self.order(samples))
            if task.looks_solved(attempt) and not self.all_samples:
                return

    def open_samples(self, task: TaskHandle) -> Open:
        """Return the samples that may go on, with their attempts."""
        samples = {sample: self._made(task, sample) for sample in range(self.samples)}
        return {sample: made for sample, made in samples.items() if self.goes_on(task, made)}

    def sample(self, task: TaskHandle, sample: int) -> None:
        """Make a first attempt and repair it until it passes or the budget ends."""
        while self.goes_on(task, self._made(task, sample)):
            self.step(task, sample)

    def goes_on(self, task: TaskHandle, made: Sequence[Attempt]) -> bool:
        """Whether a sample with the attempts `made` has not come to its end."""
        return not made or (len(made) <= self.debug_iters and not self.is_over(task, made[-1]))

    def step(self, task: TaskHandle, sample: int) -> Attempt:
        """Make the next attempt of a sample: its first, or a repair."""
        made = self._made(task, sample)
        if made:
            return self.repair(task, made[-1])
        return self.attempt(task, self.request(task, opening(self.prompt, task.task), sample, 0))

    def repair(self, task: TaskHandle, attempt: Attempt) -> Attempt:
        """Make the attempt that follows a failed one."""
        try:
            # At temperature 0 it would only begin as before.
            if attempt.is_repeat and self.on_repeat == "restart" and self.temperature != 0:
                messages = opening(self.prompt, task.task)
            else:
                messages = self.next_messages(task, attempt.messages, attempt)
        except _RefusedAsideError as refused:
            return task.record_refusal(refused.request, refused.error)
        request = self.request(task, messages, attempt.sample, attempt.iteration + 1)
        if self.on_repeat == "warmer" and self.temperature is not None:
            warmer = temperature_after(self._made(task, attempt.sample), self.temperature)
            request = replace(request, temperature=warmer)
        return self.attempt(task, request)

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
        numbers = count(1)

        def ask_aside(question: Sequence[Message]) -> str:
            return self._ask_aside(task, question, attempt, next(numbers), self._answer)

        def ask_helper(question: Sequence[Message]) -> str:
            return self._ask_aside(task, question, attempt, next(numbers), self._help, helper=True)

        failure = Failure(
            task=task.task,
            prompt=self.prompt,
            opening=opening(self.prompt, task.task),
            attempts=self._made(task, attempt.sample),
            verdict=task.shown(attempt),
            ask=ask_aside,
            ask_helper=ask_helper,
            trace=lambda: task.trace(attempt),
        )
        return checked_repair(self.style, self.style.messages(failure))

    def request(self, task: TaskHandle, messages: Sequence[Message], sample: int, iteration: int) -> Request:
        """Return what an attempt sends, with its own seed."""
        return request_for(
            self.prompt, task.task, messages, seed=self.seed, sample=sample, iteration=iteration
        )

    def is_over(self, task: TaskHandle, attempt: Attempt) -> bool:
        """Whether a sample ends with `attempt`: it looks solved, can't grow, or is a repeat that ends it."""
        ended = attempt.verdict.kind == "context_overflow" or (attempt.is_repeat and self.on_repeat == "stop")
        return ended or task.looks_solved(attempt)

    def _made(self, task: TaskHandle, sample: int) -> list[Attempt]:
        return [attempt for attempt in task.attempts if attempt.sample == sample]

    def _ask_aside(
        self,
        task: TaskHandle,
        question: Sequence[Message],
        attempt: Attempt,
        number: int,
        answer: Callable[[Request], Completion],
        *,
        helper: bool = False,
    ) -> str:
        """Ask for what the repair of `attempt` is made of."""
        sample, iteration = attempt.sample, attempt.iteration + 1
        request = self.request(task, question, sample, iteration)
        request = replace(request, seed=attempt_seed(self.seed, task.task.task_id, sample, iteration, number))
        return strip_reasoning(task.ask_aside(request, answer, helper=helper)) or NO_ANSWER

    def _answer(self, request: Request) -> Completion:
        try:
            return ask(self.model, request)
        except (ContextOverflowError, ContentFilterError) as error:
            raise _RefusedAsideError(request, error) from error

    def _help(self, request: Request) -> Completion:
        """Have the helper answer; what it refuses is no fault of the model that is measured."""
        if self.helper is None:
            raise ConfigurationError("the style of repair asks a helper model: give --mcode-helper-model")
        try:
            return ask(self.helper, request)
        except (ContextOverflowError, ContentFilterError, InfraError) as error:
            raise InfraError(f"the helper model: {error}") from error
