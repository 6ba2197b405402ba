"""Sample and debug: N independent samples of a task, each a first attempt and up to M repairs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_mcode.benchmarks import Benchmark
from pytest_mcode.errors import ContextOverflowError
from pytest_mcode.extraction import strip_reasoning
from pytest_mcode.models import Completion, Model, Request
from pytest_mcode.prompts import Prompt
from pytest_mcode.records import Attempt, Task, Verdict, fingerprint
from pytest_mcode.sandboxes import Sandbox

__all__ = ["SampleAndDebug", "Solver", "TaskHandle", "attempt_seed"]


@dataclass
class TaskHandle:
    """What a test function holds as `mcode_task`: the task, and `judge`, which keeps every attempt."""

    task: Task
    benchmark: Benchmark
    sandbox: Sandbox
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def solved(self) -> bool:
        """Whether an attempt has passed."""
        return any(attempt.verdict.passed for attempt in self.attempts)

    def judge(self, solution: str, *, sample: int = 0) -> Verdict:
        """Judge `solution` (source code) by the benchmark's tests and record it as an attempt.

        Calls with the same `sample` are its first attempt and its repairs, in this order.
        """
        if not isinstance(solution, str):
            raise TypeError(f"judge() takes the solution as a str, not {type(solution).__name__}")
        return self._record(sample, solution=solution, completion=Completion(text=solution))

    def judge_completion(self, request: Request, completion: Completion) -> Verdict:
        """Extract the solution from a model's answer to `request`, judge and record it."""
        solution = self.benchmark.extract(completion.text, self.task)
        return self._record(request.sample, solution=solution, completion=completion, request=request)

    def record_overflow(self, request: Request, error: ContextOverflowError) -> None:
        """Record that `request` did not fit the model's context window."""
        verdict = Verdict(kind="context_overflow", message=str(error))
        self._record(request.sample, completion=Completion(text=""), request=request, verdict=verdict)

    def _record(
        self,
        sample: int,
        *,
        completion: Completion,
        solution: str | None = None,
        request: Request | None = None,
        verdict: Verdict | None = None,
    ) -> Verdict:
        if verdict is None:
            verdict = self._verdict(solution, completion)
        iteration = sum(attempt.sample == sample for attempt in self.attempts)
        self.attempts.append(
            Attempt(
                sample=sample,
                iteration=iteration,
                messages=request.messages if request else (),
                completion=completion.text,
                reasoning=completion.reasoning,
                solution=solution,
                verdict=verdict,
                seed=request.seed if request else None,
                prompt_tokens=completion.prompt_tokens,
                completion_tokens=completion.completion_tokens,
                generation_seconds=completion.seconds,
                finish_reason=completion.finish_reason,
            )
        )
        return verdict

    def _verdict(self, solution: str | None, completion: Completion) -> Verdict:
        if solution is not None:
            return self.benchmark.judge(self.task, solution, self.sandbox)
        if completion.finish_reason == "length":
            return Verdict(kind="truncated", message="the completion was cut by the token limit")
        return Verdict(kind="no_solution", message="the completion holds no code that can be parsed")


Solver = Callable[[TaskHandle], None]
"""Tries to solve a task by calling `TaskHandle.judge`; returns when it has nothing more to try."""


def attempt_seed(seed: int, task_id: str, sample: int, iteration: int) -> int:
    """Derive an attempt's seed (31 bits, what every backend takes): samples differ, a run repeats."""
    return int(fingerprint([seed, task_id, sample, iteration])[:8], 16) & 0x7FFFFFFF


@dataclass(frozen=True)
class SampleAndDebug:
    """The bundled `Solver`."""

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
            if task.solved and not self.all_samples:
                return

    def sample(self, task: TaskHandle, sample: int) -> None:
        """Make a first attempt and repair it, in one conversation, until it passes or the budget ends."""
        messages = self.prompt.first(task.task)
        for iteration in range(self.debug_iters + 1):
            request = Request(
                messages=tuple(messages),
                seed=attempt_seed(self.seed, task.task.task_id, sample, iteration),
                task=task.task,
                sample=sample,
                iteration=iteration,
            )
            try:
                completion = self.model.generate(request)
            except ContextOverflowError as error:
                task.record_overflow(request, error)
                return
            verdict = task.judge_completion(request, completion)
            if verdict.passed:
                return
            messages += [
                {"role": "assistant", "content": strip_reasoning(completion.text)},
                self.prompt.repair(task.task, verdict),
            ]
