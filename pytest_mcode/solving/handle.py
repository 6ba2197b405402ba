"""The handle of a task: what a test function holds as `mcode_task`. It judges, and records every attempt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from pytest_mcode.benchmarks import Benchmark
from pytest_mcode.deciding import decisive
from pytest_mcode.errors import ApplyError, ContentFilterError, ContextOverflowError
from pytest_mcode.harnesses import checked
from pytest_mcode.harnesses.protocol import Harness
from pytest_mcode.models import Completion, Request
from pytest_mcode.records import Attempt, Choice, Task, Verdict
from pytest_mcode.solving.asides import Aside, asides_of, with_asides
from pytest_mcode.solving.examples import EXAMPLES, examples_of, judge_examples
from pytest_mcode.solving.feedback import FEEDBACK, DetailName, FeedbackName, detailed
from pytest_mcode.solving.journal import Journal, Trajectory
from pytest_mcode.solving.made import made
from pytest_mcode.solving.repeats import repeat_of, unrun
from pytest_mcode.solving.unanswered import cut, unanswered, withheld
from pytest_mcode.solving.working import Working

__all__ = ["TaskHandle"]


@dataclass
class TaskHandle(Working):
    """One task of a session and the attempts that were made at it."""

    task: Task
    benchmark: Benchmark
    sandbox: Any
    """What the benchmark's harness opened."""
    feedback: FeedbackName = "judge"
    journal: Journal | None = None
    """Keeps the attempts of a session that may be killed."""
    attempts: list[Attempt] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    """What would be handed in, by ways of choosing."""
    harness: Harness | None = None
    """The benchmark's, as the session's settings want it; None: as it is."""
    detail: DetailName = "first"
    """How much of a verdict guides a repair."""
    tells_apart: bool = False
    """Whether failing solutions are also judged by each test of the prompt alone."""

    def __post_init__(self) -> None:
        """Start with nothing tried."""
        super().__init__()
        self._asides: dict[int, list[Aside]] = {}
        self._fell_back: dict[int, dict[str, None]] = {}
        self._first: dict[str, Attempt] = {}
        """By canonical solution, the attempt that had it first."""
        self._uncompared: list[tuple[str, Attempt]] = []
        """Solutions to which none has been compared yet: most tasks see one alone."""
        self._feedback = FEEDBACK[self.feedback]
        self._harness = self.harness or self.benchmark.harness

    @cached_property
    def _left(self) -> list[Attempt]:
        """What an earlier session has left of this task: read when somebody asks."""
        return self.journal.read() if self.journal else []

    # What a solver of one's own calls.

    def judge(
        self, solution: str, *, sample: int = 0, extra: Mapping[str, Any] = MappingProxyType({})
    ) -> Verdict:
        """Judge `solution` (source code), record it as an attempt, return what its author may see.

        That is the verdict of the judging tests; under ``public`` feedback, the verdict of the tests
        that the prompt shows (``passed`` where it shows none); under ``none``, the kind alone. Calls
        with the same `sample` are its first attempt and its repairs, in this order. `extra` is what the
        attempt's record should say besides, JSON types: why an agent ended, what it cost.
        """
        if not isinstance(solution, str):
            raise TypeError(f"judge() takes the solution as a str, not {type(solution).__name__}")
        if type(sample) is not int or sample < 0:
            raise TypeError(f"judge() takes the number of a sample, 0 or more, not {sample!r}")
        attempt = self._judged(solution, Completion(text=solution))
        told = {**attempt.extra, **self._take_steps(), **extra}
        return self._feedback.reply(self._record(sample, replace(attempt, extra=told)))

    # What the bundled solvers call.

    def judge_completion(self, request: Request, completion: Completion) -> Attempt:
        """Extract the solution from a model's answer to `request`, judge and record it."""
        return self._keep(request.sample, self._extracted(completion, request))

    def judge_solution(
        self,
        request: Request,
        completion: Completion,
        solution: str | None,
        extra: Mapping[str, Any],
        unsolved: Verdict | None = None,
    ) -> Attempt:
        """Judge and record what a model has made in several turns, of which `completion` is the last.

        `unsolved` says why there is no solution.
        """
        if solution is None and unsolved:
            attempt = self._without_solution(unsolved, completion, request)
        else:
            attempt = self._judged(solution, completion, request)
        return self._keep(request.sample, replace(attempt, extra={**attempt.extra, **extra}))

    def trajectory(self, request: Request) -> Trajectory:
        """Return where the turns of the attempt that begins with `request` are kept as they are taken."""
        if self.journal is None:
            return Trajectory(None)
        return self.journal.trajectory([request.seed, list(request.messages)])

    def judge_again(
        self, sample: int, *, completion: str, solution: str | None, finish_reason: str = ""
    ) -> Attempt:
        """Judge an answer that was given before: `solution` as it is, else what `completion` holds."""
        given = Completion(text=completion, finish_reason=finish_reason)
        attempt = self._extracted(given) if solution is None else self._judged(solution, given)
        return self._record(sample, attempt)

    def record_refusal(self, request: Request, error: ContextOverflowError | ContentFilterError) -> Attempt:
        """Record that `request` did not fit the model's context window, or that a filter refused it."""
        filtered = isinstance(error, ContentFilterError)
        verdict = Verdict(kind="content_filter" if filtered else "context_overflow", message=str(error))
        return self._keep(request.sample, self._without_solution(verdict, Completion(text=""), request))

    def recall(self, request: Request) -> Attempt | None:
        """Return, and record, the attempt that an earlier session began with this very request."""
        for attempt in self._left:
            opening = list(attempt.messages)[: len(request.messages)]
            if attempt.seed == request.seed and opening == list(request.messages):
                self._asides.pop(request.sample, None)
                self._fell_back.pop(request.sample, None)
                return self._record(request.sample, attempt)
        return None

    # What was done ahead.

    def is_twin_of(self, other: "TaskHandle") -> bool:
        """Whether nobody has touched it: it would be judged as `other` is, and nothing was tried."""
        given = {each.name for each in fields(self)} - {"attempts", "choices", "journal"}
        pairs = ((getattr(self, name), getattr(other, name)) for name in given)
        same = all(mine is theirs or (isinstance(mine, str) and mine == theirs) for mine, theirs in pairs)
        return same and not self.attempts and not self.choices and not self.is_begun

    def take_over(self, done: "TaskHandle") -> None:
        """Have what was done at the same task by way of another handle."""
        self.attempts[:] = done.attempts
        self.choices[:] = done.choices
        vars(self).update({name: value for name, value in vars(done).items() if name.startswith("_")})

    def ask_aside(
        self, request: Request, ask: Callable[[Request], Completion], *, helper: bool = False
    ) -> str:
        """Ask what the next attempt of a sample is made of, unless an earlier session did; return the answer.

        The attempt is recorded with all that was asked since the one before it, and costs it too.
        """
        left = (aside for attempt in self._left for aside in asides_of(attempt) if aside.answers(request))
        aside = next(left, None) or Aside.of(request, ask(request), helper=helper)
        self._asides.setdefault(request.sample, []).append(aside)
        return aside.text

    # What came of it.

    def shown(self, attempt: Attempt) -> Verdict | None:
        """Return the verdict that may guide a repair of `attempt`; None where nothing may."""
        verdict = self._feedback.shown(attempt)
        if verdict and self.detail not in ("verdict", "first") and not self._harness.examples(self.task):
            self.fall_back(attempt.sample, f"feedback detail {self.detail}: the prompt shows no single tests")
        trace = self.trace(attempt) if verdict and self.detail == "trace" else None
        return detailed(verdict, attempt, self.detail, trace)

    def trace(self, attempt: Attempt) -> str | None:
        """Run the call once more that an attempt fails at, and return what it did; records that it can't be.

        It is a call of the test that guides: under ``public`` feedback the first in the prompt that fails.
        """
        shown = self._feedback.shown(attempt)
        if shown is None or attempt.solution is None:
            self.fall_back(attempt.sample, "no trace: no verdict of a solution is shown")
            return None
        test = self.task.test
        if shown is attempt.public_verdict:
            failing = (each.example for each in examples_of(attempt) if each.fails)
            tests = self._harness.examples(self.task)
            test = tests.get(next(failing, ""), self.task.public_test or "")
        told = self._harness.trace(replace(self.task, test=test), attempt.solution, shown, self.sandbox)
        if told is None:
            self.fall_back(attempt.sample, "no trace: no call of a function was seen")
        return told

    def fall_back(self, sample: int, why: str) -> None:
        """Record with the next attempt of a sample what it lacks that was asked for, and why."""
        self._fell_back.setdefault(sample, {})[why] = None

    def looks_solved(self, attempt: Attempt) -> bool:
        """Whether a sample ends with `attempt`: it passed, or under ``public`` what can be seen passed."""
        return self._feedback.looks_solved(attempt)

    @property
    def answer(self) -> Attempt | None:
        """The attempt by which the task is decided: the first that looks solved, else the last.

        Where failing tests of a repository, which may be out of date, are all that speaks against some
        attempts, the last of these.
        """
        made = [(each.verdict.kind, self._looks(each)) for each in self.attempts]
        return self.attempts[decisive(made)] if made else None

    def _looks(self, attempt: Attempt) -> str | None:
        public = attempt.public_verdict
        return "passed" if self.looks_solved(attempt) else public.kind if public else None

    @property
    def solved(self) -> bool:
        """Whether the judging tests passed the `answer`."""
        return self.answer is not None and self.answer.verdict.passed

    def close(self) -> None:
        """Let go of what the sandbox keeps of the task, once no more attempts are made."""
        self.leave()
        self._harness.forget(self.task, self.sandbox)

    # Recording.

    def _keep(self, sample: int, attempt: Attempt) -> Attempt:
        attempt = with_asides(attempt, self._asides.pop(sample, []))
        if why := self._fell_back.pop(sample, None):
            attempt = replace(attempt, extra={**attempt.extra, "fell_back": list(why)})
        attempt = self._record(sample, attempt)
        if self.journal:
            self.journal.append(attempt)
        return attempt

    def _record(self, sample: int, attempt: Attempt) -> Attempt:
        iteration = sum(earlier.sample == sample for earlier in self.attempts)
        attempt = replace(attempt, sample=sample, iteration=iteration)
        self.attempts.append(attempt)
        if attempt.solution is not None:
            self._uncompared.append((attempt.solution, attempt))
        return attempt

    def _earlier_with(self, solution: str) -> Attempt | None:
        """Return the first attempt that had this solution, as the harness compares them."""
        for earlier, attempt in self._uncompared:
            self._first.setdefault(self._harness.canonical(self.task, earlier), attempt)
        self._uncompared.clear()
        return self._first.get(self._harness.canonical(self.task, solution)) if self._first else None

    def _extracted(self, completion: Completion, request: Request | None = None) -> Attempt:
        try:
            found = checked.find(self._harness, completion.text, self.task, self.sandbox)
        except ApplyError as error:
            unfit = Verdict(kind="apply_failed", message=str(error))
            return self._without_solution(unfit, completion, request)
        if found.solution is None or withheld(completion):
            verdict = self._no_solution(completion, found.verdict)
            return self._without_solution(verdict, completion, request)
        return self._judged(found.solution, completion, request, found.remarks)

    def _judged(
        self,
        solution: str | None,
        completion: Completion,
        request: Request | None = None,
        remarks: Mapping[str, Any] = MappingProxyType({}),
    ) -> Attempt:
        harness = self._harness
        if solution is None:
            return self._without_solution(self._no_solution(completion), completion, request)
        if earlier := self._earlier_with(solution):
            verdict, public = unrun(earlier.verdict), earlier.public_verdict
            remarks = {**remarks, **repeat_of(earlier)}
            return made(completion, request, solution, verdict, public and unrun(public), remarks)
        verdict = checked.judge(harness, self.task, solution, self.sandbox)
        public = (
            checked.judge_publicly(harness, self.task, solution, self.sandbox)
            if self._feedback.judges_publicly
            else None
        )
        remarks = {**remarks, **harness.remarks(self.task, solution)}
        if self.tells_apart:
            examples = judge_examples(harness, self.task, solution, public or verdict, self.sandbox)
            remarks |= {EXAMPLES: examples} if examples else {}
        return made(completion, request, solution, verdict, public, remarks)

    def _no_solution(self, completion: Completion, known: Verdict | None = None) -> Verdict:
        otherwise = known or unanswered(completion, self._harness.nothing_found)
        return withheld(completion) or cut(completion) or otherwise

    def _without_solution(self, verdict: Verdict, completion: Completion, request: Request | None) -> Attempt:
        """Return an attempt with nothing to run: what can be seen says the same as the judge."""
        public = verdict if self._feedback.judges_publicly else None
        return made(completion, request, None, verdict, public, {})
