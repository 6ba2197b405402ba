"""Sample and debug: N independent samples of a task, each a first attempt and up to M repairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pytest_mcode.benchmarks import Benchmark
from pytest_mcode.errors import ApplyError, ConfigurationError, ContentFilterError, ContextOverflowError
from pytest_mcode.extraction import strip_reasoning
from pytest_mcode.journal import Journal
from pytest_mcode.models import Completion, Model, Request
from pytest_mcode.models.asking import ask
from pytest_mcode.prompts import Prompt, retrieved
from pytest_mcode.records import Attempt, Message, Task, Verdict, fingerprint

__all__ = ["Feedback", "SampleAndDebug", "Solver", "TaskHandle", "attempt_seed"]


Feedback = Literal["judge", "public", "none"]

NO_ANSWER = "(no answer)"
"""Stands for a turn that held reasoning alone: some servers refuse an empty one."""


@dataclass
class TaskHandle:
    """What a test function holds as `mcode_task`: the task, and `judge`, which keeps every attempt."""

    task: Task
    benchmark: Benchmark
    sandbox: Any
    """A `Sandbox`, or what else the benchmark's kind is judged in."""
    feedback: Feedback = "judge"
    journal: Journal | None = None
    """Keeps the attempts of a session that may be killed."""
    attempts: list[Attempt] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take up what an earlier session has left of this task."""
        self._left = self.journal.read() if self.journal else []

    def judge(self, solution: str, *, sample: int = 0) -> Verdict:
        """Judge `solution` (source code), record it as an attempt, return what its author may see.

        That is the verdict of the judging tests; under ``public`` feedback, the verdict of the tests
        that the prompt shows (``passed`` where it shows none); under ``none``, the kind alone. Calls
        with the same `sample` are its first attempt and its repairs, in this order.
        """
        if not isinstance(solution, str):
            raise TypeError(f"judge() takes the solution as a str, not {type(solution).__name__}")
        if type(sample) is not int or sample < 0:
            raise TypeError(f"judge() takes the number of a sample, 0 or more, not {sample!r}")
        attempt = self._record(sample, self._attempt(solution, Completion(text=solution)))
        if self.feedback == "public" and attempt.public_verdict is None:
            return Verdict(kind="passed", message="the prompt shows no test that could speak against it")
        return self.shown(attempt) or Verdict(kind=attempt.verdict.kind)

    def judge_completion(self, request: Request, completion: Completion) -> Attempt:
        """Extract the solution from a model's answer to `request`, judge and record it."""
        return self._keep(request.sample, self._extracted(completion, request))

    def judge_solution(
        self, request: Request, completion: Completion, solution: str | None, extra: Mapping[str, Any]
    ) -> Attempt:
        """Judge and record what a model has made in several turns, of which `completion` is the last."""
        attempt = self._attempt(solution, completion, request)
        return self._keep(request.sample, replace(attempt, extra={**attempt.extra, **extra}))

    def judge_again(
        self, sample: int, *, completion: str, solution: str | None, finish_reason: str = ""
    ) -> Attempt:
        """Judge an answer that was given before: `solution` as it is, else what `completion` holds."""
        given = Completion(text=completion, finish_reason=finish_reason)
        attempt = self._extracted(given) if solution is None else self._attempt(solution, given)
        return self._record(sample, attempt)

    def recall(self, request: Request) -> Attempt | None:
        """Return, and record, the attempt that an earlier session began with this very request."""
        for attempt in self._left:
            opening = list(attempt.messages)[: len(request.messages)]
            if attempt.seed == request.seed and opening == list(request.messages):
                return self._record(request.sample, attempt)
        return None

    def record_overflow(self, request: Request, error: ContextOverflowError | ContentFilterError) -> Attempt:
        """Record that `request` did not fit the model's context window, or that a filter refused it."""
        refused = isinstance(error, ContentFilterError)
        verdict = Verdict(kind="content_filter" if refused else "context_overflow", message=str(error))
        attempt = self._unjudged(verdict, None, Completion(text=""), request)
        return self._keep(request.sample, attempt)

    def shown(self, attempt: Attempt) -> Verdict | None:
        """Return the verdict that may guide a repair of `attempt`; None where nothing may."""
        return {"judge": attempt.verdict, "public": attempt.public_verdict, "none": None}[self.feedback]

    def looks_solved(self, attempt: Attempt) -> bool:
        """Whether a sample ends with `attempt`: it passed, or under ``public`` what can be seen passed."""
        if self.feedback == "public":
            return attempt.public_verdict is None or attempt.public_verdict.passed
        return attempt.verdict.passed

    @property
    def answer(self) -> Attempt | None:
        """The attempt by which the task is decided: the first that looks solved, else the last."""
        looking_solved = (attempt for attempt in self.attempts if self.looks_solved(attempt))
        return next(looking_solved, self.attempts[-1] if self.attempts else None)

    @property
    def solved(self) -> bool:
        """Whether the judging tests passed the `answer`."""
        return self.answer is not None and self.answer.verdict.passed

    def _keep(self, sample: int, attempt: Attempt) -> Attempt:
        attempt = self._record(sample, attempt)
        if self.journal:
            self.journal.append(attempt)
        return attempt

    def _record(self, sample: int, attempt: Attempt) -> Attempt:
        iteration = sum(earlier.sample == sample for earlier in self.attempts)
        attempt = replace(attempt, sample=sample, iteration=iteration)
        self.attempts.append(attempt)
        return attempt

    def _extracted(self, completion: Completion, request: Request | None = None) -> Attempt:
        if completion.finish_reason.startswith("content_filter"):
            return self._unjudged(_no_solution(completion), None, completion, request)
        try:
            solution = self.benchmark.extract(completion.text, self.task, self.sandbox)
        except ApplyError as error:
            unfit = Verdict(kind="apply_failed", message=str(error))
            return self._unjudged(unfit, None, completion, request)
        return self._attempt(solution, completion, request)

    def _attempt(
        self, solution: str | None, completion: Completion, request: Request | None = None
    ) -> Attempt:
        if solution is None:
            return self._unjudged(_no_solution(completion), None, completion, request)
        attempt = self._unjudged(
            self.benchmark.judge(self.task, solution, self.sandbox), solution, completion, request
        )
        if self.feedback != "public":
            return attempt
        public_verdict = self.benchmark.judge_publicly(self.task, solution, self.sandbox)
        return replace(attempt, public_verdict=public_verdict)

    def _unjudged(
        self, verdict: Verdict, solution: str | None, completion: Completion, request: Request | None
    ) -> Attempt:
        extra = dict(self.benchmark.remarks(self.task, solution)) if solution is not None else {}
        if request and request.retrieved:
            extra["retrieved"] = list(request.retrieved)
        return Attempt(
            sample=0,
            iteration=0,
            messages=request.messages if request else (),
            completion=completion.text,
            reasoning=completion.reasoning,
            solution=solution,
            verdict=verdict,
            public_verdict=verdict if solution is None and self.feedback == "public" else None,
            seed=request.seed if request else None,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            generation_seconds=completion.seconds,
            finish_reason=completion.finish_reason,
            extra=extra,
        )


def _no_solution(completion: Completion) -> Verdict:
    if completion.finish_reason == "length":
        return Verdict(kind="truncated", message="the completion was cut by the token limit")
    if completion.finish_reason.startswith("content_filter"):
        return Verdict(kind="content_filter", message="the server's content filter withheld the answer")
    if completion.reasoning and not completion.text.strip():
        return Verdict(
            kind="no_solution",
            message=f"the answer is empty: all of its {len(completion.reasoning)} characters are in the "
            "reasoning field; look at the server's reasoning parser, or turn the model's thinking off",
        )
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
    strategy: Literal["repair", "resample"] = "repair"

    def __call__(self, task: TaskHandle) -> None:
        """Start samples until one passes, or all of them where `all_samples` asks for it."""
        for sample in range(self.samples):
            self.sample(task, sample)
            if task.looks_solved(task.attempts[-1]) and not self.all_samples:
                return

    def sample(self, task: TaskHandle, sample: int) -> None:
        """Make a first attempt and repair it, in one conversation, until it passes or the budget ends.

        Under ``resample`` every attempt is a first one, with a seed of its own.
        """
        messages = self.first(task.task)
        for iteration in range(self.debug_iters + 1):
            request = self.request(task.task, messages, sample, iteration)
            attempt = task.recall(request) or self.attempt(task, request)
            if task.looks_solved(attempt) or attempt.verdict.kind == "context_overflow":
                return
            if self.strategy == "repair":
                messages += [
                    {"role": "assistant", "content": strip_reasoning(attempt.completion) or NO_ANSWER},
                    self.prompt.repair(task.task, task.shown(attempt)),
                ]

    def first(self, task: Task) -> list[Message]:
        """Return the messages that open a sample; raises `ConfigurationError` where they are none."""
        messages = self.prompt.first(task)
        if not isinstance(messages, list) or not all(_is_message(message) for message in messages):
            raise ConfigurationError(
                f"first() of {type(self.prompt).__name__} returned {messages!r:.80}; "
                "a prompt returns a list of messages: {'role': 'user', 'content': '…'}"
            )
        return messages

    def request(self, task: Task, messages: Sequence[Message], sample: int, iteration: int) -> Request:
        """Return what an attempt sends, with its own seed."""
        return Request(
            messages=tuple(messages),
            seed=attempt_seed(self.seed, task.task_id, sample, iteration),
            task=task,
            sample=sample,
            iteration=iteration,
            retrieved=retrieved(self.prompt, task),
        )

    def attempt(self, task: TaskHandle, request: Request) -> Attempt:
        """Generate and judge once."""
        try:
            completion = ask(self.model, request)
        except (ContextOverflowError, ContentFilterError) as error:
            return task.record_overflow(request, error)
        return task.judge_completion(request, completion)


def _is_message(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.get("role") in ("system", "user", "assistant", "tool")
        and isinstance(message.get("content"), str)
    )
