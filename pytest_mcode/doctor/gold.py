"""Whether a benchmark judges rightly: its reference solutions pass, idle ones fail, every time."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from pytest_mcode.benchmarks.passed_idly import PASSED_IDLY
from pytest_mcode.errors import ConfigurationError, InfraError, with_place
from pytest_mcode.harnesses import checked
from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.protocol import Harness, Progress
from pytest_mcode.records import Task
from pytest_mcode.session.plan import Plan

__all__ = ["check_gold"]

SLOW = 0.5
"""Part of the time limit beyond which a reference solution is called slow."""
MAX_INFRA = 3
"""Tasks in a row that could not be judged, after which the rest is not tried."""


@dataclass
class Trial:
    """What was seen of one task. Verdicts are their kinds; ``infra`` where there was none."""

    task: Task
    gold: list[str] = field(default_factory=list)
    idle: dict[str, list[str]] = field(default_factory=dict)
    """For each idle solution, a verdict per repetition."""
    reason: str = ""
    """The first line of why the reference solution, or else an idle one, got no pass or no verdict."""
    seconds: float = 0.0
    """Of the slowest reference solution."""
    public_reason: str = ""
    """Why the reference solution does not pass what the prompt shows."""
    learnt: Sequence[str] = ()
    """What sessions will know of the task."""

    @property
    def all(self) -> list[list[str]]:
        """The verdicts of each solution."""
        return [self.gold, *self.idle.values()]

    @property
    def passed_idly(self) -> str:
        """What the idle solutions do that pass each time: their last lines."""
        return ", ".join(_last_line(each) for each in self.idle if {*self.idle[each]} == {"passed"})

    @property
    def unjudged(self) -> bool:
        """Whether the sandbox failed."""
        return any("infra" in kinds for kinds in self.all)

    @property
    def flaky(self) -> bool:
        """Whether equal solutions got different verdicts."""
        return any(len({*kinds} - {"infra"}) > 1 for kinds in self.all)


def check_gold(plan: Plan, session_id: str, repeat: int, progress: Progress) -> Iterator[Finding]:
    """Judge each task's reference solution, and idle ones, `repeat` times, as a session does."""
    harness, settings = plan.harness, plan.settings
    trials: list[Trial] = []
    with contextlib.ExitStack() as stack:
        if stop := harness.prepare(settings, session_id, plan.tasks, progress):
            stack.callback(stop)
        sandbox = stack.enter_context(checked.opened_sandbox(harness, settings, session_id))
        for number, task in enumerate(plan.tasks, 1):
            progress(f"judging {number}/{len(plan.tasks)}: {task.task_id}")
            trials.append(_try(harness, task, sandbox, repeat))
            harness.forget(task, sandbox)
            if len(trials) >= MAX_INFRA and all(trial.unjudged for trial in trials[-MAX_INFRA:]):
                break
    yield from _references(trials, repeat)
    yield from _idle(trials, PASSED_IDLY.get(plan.benchmark.name, {}))
    yield from _doubts(trials, len(plan.tasks), plan.settings.timeout)


def _try(harness: Harness, task: Task, sandbox: Any, repeat: int) -> Trial:
    trial = Trial(task)
    if task.canonical_solution is not None:
        for _ in range(repeat):
            trial.gold.append(_judge(harness, trial, task.canonical_solution, sandbox, is_gold=True))
        if task.public_test is not None:
            trial.public_reason = _judge_publicly(harness, task, sandbox)
        if {*trial.gold} == {"passed"}:
            with contextlib.suppress(InfraError):
                trial.learnt = harness.learn(task, sandbox)
    for solution in harness.idle_solutions(task):
        trial.idle[solution] = [
            _judge(harness, trial, solution, sandbox, is_gold=False) for _ in range(repeat)
        ]
    return trial


def _judge(harness: Harness, trial: Trial, solution: str, sandbox: Any, *, is_gold: bool) -> str:
    try:
        verdict = checked.judge(harness, trial.task, solution, sandbox)
    except InfraError as error:
        trial.reason = trial.reason or _first_line(str(error))
        return "infra"
    except ConfigurationError:
        raise
    except Exception as error:  # A harness may be a user's own.
        trial.reason = trial.reason or with_place(error)
        return "infra"
    if is_gold:
        trial.seconds = max(trial.seconds, verdict.seconds)
        if not verdict.passed:
            trial.reason = trial.reason or _first_line(verdict.message)
    return verdict.kind


def _judge_publicly(harness: Harness, task: Task, sandbox: Any) -> str:
    with contextlib.suppress(InfraError):  # which the judge has met as well, and tells
        verdict = checked.judge_publicly(harness, task, str(task.canonical_solution), sandbox)
        if verdict and not verdict.passed:
            return f"{verdict.kind}: {_first_line(verdict.message)}"
    return ""


def _references(trials: Sequence[Trial], repeat: int) -> Iterator[Finding]:
    given = [trial for trial in trials if trial.gold]
    failed = [trial for trial in given if {*trial.gold} - {"passed", "infra"} and not trial.flaky]
    data = {
        "passed": [trial.task.task_id for trial in given if {*trial.gold} == {"passed"}],
        "failed": {trial.task.task_id: trial.gold for trial in failed},
        "repeat": repeat,
    }
    times = "" if repeat == 1 else f", each of {repeat} times"
    if failed:
        yield Finding(
            check="gold",
            level="problem",
            message=f"{len(failed)} of {len(given)} reference solutions fail",
            remedy="`mcode bench BENCHMARK --backend gold --task ID` shows one whole; mend the task, its "
            "setup, the image or the limits",
            items=_named(failed, lambda trial: f"{trial.gold[0]}: {trial.reason}"),
            data=data,
        )
    elif data["passed"]:
        message = f"{len(given)} reference solutions pass{times}"
        yield Finding(check="gold", level="ok", message=message, data=data)
    if misled := [trial for trial in given if trial.public_reason]:
        yield Finding(
            check="public",
            level="problem",
            message=f"{len(misled)} reference solutions fail the test that the prompt shows",
            remedy="mend public_test, or the examples in the docstring: --feedback public goes by them",
            items=_named(misled, lambda trial: trial.public_reason),
        )
    without = [trial for trial in trials if not trial.gold]
    if without:
        yield Finding(
            check="gold",
            level="warning",
            message=f"{len(without)} tasks have no reference solution: nothing shows that they can be solved",
            remedy="give them a canonical_solution",
            items=_named(without),
        )


def _idle(trials: Sequence[Trial], known: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the tasks that an idle solution passes; `known` ones, of published tests, are no fault."""
    passed = [trial for trial in trials if trial.passed_idly]
    if expected := [trial for trial in passed if trial.task.task_id in known]:
        yield Finding(
            check="empty",
            level="warning",
            message=f"{len(expected)} tasks are passed by a solution that does nothing: "
            "their tests stay as they are published",
            items=_named(expected, lambda trial: f"{trial.passed_idly}: {known[trial.task.task_id]}"),
        )
    if found := [trial for trial in passed if trial.task.task_id not in known]:
        yield Finding(
            check="empty",
            level="problem",
            message=f"{len(found)} tasks are passed by a solution that does nothing",
            remedy="their tests must assert something about what the solution returns",
            items=_named(found, lambda trial: trial.passed_idly),
        )
    if trials and not passed:
        yield Finding(check="empty", level="ok", message=f"idle solutions fail on all {len(trials)} tasks")


def _doubts(trials: Sequence[Trial], planned: int, timeout: float) -> Iterator[Finding]:
    """Yield what makes verdicts depend on chance or on the machine."""
    if flaky := [trial for trial in trials if trial.flaky]:
        yield Finding(
            check="flaky",
            level="problem",
            message=f"{len(flaky)} tasks judge equal solutions differently from time to time",
            remedy="leave chance, time and order of sets out of their tests, or leave them out",
            items=_named(flaky, lambda trial: ", ".join(dict.fromkeys(chain(*trial.all)))),
        )
    if slow := [trial for trial in trials if trial.seconds > SLOW * timeout and trial.gold]:
        yield Finding(
            check="slow",
            level="warning",
            message=f"{len(slow)} reference solutions take more than half of the {timeout:g} s allowed",
            remedy="raise --timeout: on a slower machine a right solution would fail",
            items=_named(slow, lambda trial: f"{trial.seconds:.1f} s"),
        )
    if learnt := [trial for trial in trials if trial.learnt]:
        yield Finding(
            check="public tests",
            level="ok",
            message=f"of {len(learnt)} tasks, tests that the reference solution breaks are left out of what "
            "guides repairs, on this machine",
            items=_named(learnt, lambda trial: ", ".join(trial.learnt[:3])),
        )
    if unjudged := [trial for trial in trials if trial.unjudged]:
        rest = planned - len(trials)
        yield Finding(
            check="gold",
            level="problem",
            message=f"{len(unjudged)} tasks could not be judged"
            f"{f'; the {rest} that follow were not tried' if rest else ''}",
            remedy="see the reason; such an outcome is `infra`, never the model's failure",
            items=_named(unjudged, lambda trial: trial.reason),
        )


def _named(trials: Sequence[Trial], remark: Callable[[Trial], str] | None = None) -> tuple[str, ...]:
    return tuple(f"{trial.task.task_id}{f' ({remark(trial)})' if remark else ''}" for trial in trials)


def _last_line(solution: str) -> str:
    return solution.rstrip().rpartition("\n")[2].strip() or "no code"


def _first_line(text: str) -> str:
    return next(iter(text.splitlines()), "")
