"""An agent with a shell and nothing else: it types commands into a repository's container, then submits.

The loop, its limits and its way to submit are those of mini-swe-agent 2 (``agents/default.py`` and
``config/benchmarks/swebench.yaml`` of https://github.com/SWE-agent/mini-swe-agent): query, act, observe.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_mcode.analysis.costs import Price
from pytest_mcode.errors import ConfigurationError, ContentFilterError, ContextOverflowError
from pytest_mcode.harnesses.reasoning import strip_reasoning
from pytest_mcode.harnesses.repositories.actions import Action, actions_in
from pytest_mcode.harnesses.repositories.container import EndedContainerError
from pytest_mcode.harnesses.repositories.shell import submitted_patch
from pytest_mcode.harnesses.repositories.workbench import Workbench
from pytest_mcode.models import Completion, Request
from pytest_mcode.models.asking import ask
from pytest_mcode.records import Attempt, Message, Verdict
from pytest_mcode.solving.asking import NO_ANSWER, opening, repair_turn
from pytest_mcode.solving.handle import TaskHandle
from pytest_mcode.solving.sample_and_debug import SampleAndDebug
from pytest_mcode.solving.turns import Work, summed

__all__ = ["BashAgent"]

BASH: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "bash",
        "description": "Run one bash command in /testbed.",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string", "description": "The command."}},
            "required": ["command"],
        },
    },
}
SUBMIT = "submit"
"""Hands in what stands in the working tree; mini-swe-agent's sentence hands in what is printed after it."""
PATIENCE = 3
"""Answers without a command, one after the other, before the attempt ends."""


@dataclass(frozen=True)
class BashAgent(SampleAndDebug):
    """The `Solver` whose attempts are made of up to `max_steps` answers, within `seconds` of wall clock."""

    max_steps: int = 250
    seconds: float | None = None
    """None: no limit."""
    price: Price = field(default_factory=Price)
    """What the model costs."""
    max_price: float | None = None
    """None: no limit."""
    judge_unsubmitted: bool = False
    """Whether what stands in the working tree is judged when a limit ends an attempt."""
    leave_scratch: bool = False
    """Whether new files that no tracked file refers to are left out of the patch."""
    _refuses_tools: list[str] = field(default_factory=list)
    """The server's message, once it has refused tools."""

    def __call__(self, task: TaskHandle) -> None:
        """Work at one sample after the other: each has a container of its own."""
        for sample in range(self.samples):
            self.sample(task, sample)
            if task.looks_solved(task.attempts[-1]) and not self.all_samples:
                return

    def sample(self, task: TaskHandle, sample: int) -> None:
        """Work in one container: submit, and after a failed attempt go on, until the budget ends.

        Of attempts that an earlier session has left, the changes that the last one made are made again.
        """
        messages = opening(self.prompt, task.task)
        with Workbench(lambda: task.sandbox.open(task.task)) as bench:
            for iteration in range(self.debug_iters + 1):
                request = self.request(task, messages, sample, iteration)
                attempt = task.recall(request)
                if attempt is None:
                    attempt = self._work_and_judge(task, bench, request)
                elif attempt.solution:
                    bench.begin_with(attempt.solution)
                if attempt.verdict.kind == "exited_early" or self.is_over(task, attempt):
                    return
                turn = repair_turn(self.prompt, task.task, task.shown(attempt))
                messages = _followed(attempt.messages, turn)

    def _work_and_judge(self, task: TaskHandle, bench: Workbench, request: Request) -> Attempt:
        work, patch, unsolved = Work(list(request.messages)), None, None
        try:
            self._work(task, bench, work, request)
            patch = self._patch(bench, work)
        except EndedContainerError as error:
            work.ended = "container ended"
            unsolved = Verdict(kind="exited_early", message=f"its own command ended the container: {error}")
        except (ContextOverflowError, ContentFilterError) as error:
            work.ended = "refused"
            filtered = isinstance(error, ContentFilterError)
            kind = "content_filter" if filtered else "context_overflow"
            unsolved = Verdict(kind=kind, message=f"after {len(work.answers)} answers: {error}")  # type: ignore[arg-type]
        asked = replace(request, messages=tuple(work.messages))
        unsolved = unsolved or self._unsolved(work)
        return task.judge_solution(asked, summed(work.answers), patch, work.extra(self.price), unsolved)

    def _work(self, task: TaskHandle, bench: Workbench, work: Work, request: Request) -> None:
        """Let the model run commands until it submits or a limit ends it; take up what was done before."""
        trajectory = task.trajectory(request)
        for turn in trajectory.read():
            work.take_up(turn)
        bench.repeat(step["command"] for step in work.steps)
        start = time.monotonic() - work.seconds
        while not work.ended:
            left = None if self.seconds is None else self.seconds - (time.monotonic() - start)
            work.ended = self._limit(work, left)
            if not work.ended:
                answer = self._ask(work, request)
                trajectory.append(work.took(answer, *self._act(bench, answer, left)))

    def _limit(self, work: Work, left: float | None) -> str:
        if work.idle >= PATIENCE:
            return "no command"
        if len(work.answers) >= self.max_steps:
            return "step limit"
        if self.max_price is not None and work.spent(self.price) >= self.max_price:
            return "price limit"
        return "time limit" if left is not None and left <= 0 else ""

    def _ask(self, work: Work, request: Request) -> Completion:
        """Ask; where the conversation has outgrown the context, with early output left out."""
        while True:
            try:
                return self._query(work, request)
            except ContextOverflowError:
                if not work.leave_out_early_output():
                    raise

    def _query(self, work: Work, request: Request) -> Completion:
        """Ask with the tool where the server takes tools; a model may always answer with a block."""
        turn = replace(request, messages=tuple(work.sent), seed=request.seed + len(work.answers))
        if not self._refuses_tools:
            try:
                return ask(self.model, replace(turn, tools=(BASH,)))
            except ConfigurationError as error:
                if "tool" not in str(error).lower():
                    raise
                self._refuses_tools.append(str(error))
        return ask(self.model, turn)

    def _act(
        self, bench: Workbench, answer: Completion, left: float | None
    ) -> tuple[list[Message], list[dict[str, Any]], str | None]:
        """Do what an answer asks for; return the turns it makes, its steps, and what was submitted."""
        text = strip_reasoning(answer.text)
        messages, steps, submission = [_turn(text, answer.tool_calls)], [], None
        for action in actions_in(text, answer.tool_calls):
            observation = action.error
            if submission is not None:
                observation = "not run: your work was submitted"
            elif action.command == SUBMIT:
                observation, submission = "submitted", ""
            elif action.command:
                step = bench.run(action.command)
                observation, submission = step.observation, step.submission
                steps.append({"command": step.command, "status": step.status, "seconds": step.seconds})
            if left is not None:
                observation += f"\n<time_left>{max(0, left):.0f} s</time_left>"
            if action.call or submission is None:
                messages.append(_observed(action, observation))
        return messages, steps, submission

    def _patch(self, bench: Workbench, work: Work) -> str | None:
        """Return what was handed in: what was printed, or what stands in the working tree."""
        work.scratch = bench.scratch()
        submitted = work.ended == "submitted"
        if submitted and (printed := submitted_patch(work.submission)):
            return printed
        tree = submitted or self.judge_unsubmitted
        return bench.patch(leave_scratch=self.leave_scratch) if tree else None

    def _unsolved(self, work: Work) -> Verdict:
        """Return the verdict where no patch came of it: what happened."""
        said = {
            "submitted": "it submitted, but has changed nothing",
            "step limit": f"it reached its limit of {self.max_steps} answers (--mcode-max-steps) "
            "before it submitted",
            "time limit": f"it reached its limit of {self.seconds or 0:g} s (--mcode-agent-timeout) "
            "before it submitted",
            "price limit": f"it reached its limit of {self.max_price or 0:g} (--mcode-max-price) "
            "before it submitted",
            "no command": f"{PATIENCE} answers in a row held no command that could be run",
        }[work.ended]
        cut = work.ended == "no command" and work.answers[-1].finish_reason == "length"
        if cut:
            return Verdict(kind="truncated", message=f"{said}: cut by the token limit")
        return Verdict(kind="no_solution", message=said)


def _turn(text: str, tool_calls: Sequence[Mapping[str, Any]]) -> Message:
    """Return the assistant's turn as it is sent back: with the calls that are answered."""
    if tool_calls:
        return {"role": "assistant", "content": text, "tool_calls": list(tool_calls)}
    return {"role": "assistant", "content": text or NO_ANSWER}


def _followed(messages: Sequence[Message], turn: Message) -> list[Message]:
    """Return a conversation with one more turn of the user's: some models take no two in a row."""
    *earlier, last = messages
    if last["role"] != "user":
        return [*messages, turn]
    return [*earlier, {"role": "user", "content": f"{last['content']}\n\n{turn['content']}"}]


def _observed(action: Action, text: str) -> Message:
    if action.call is None:
        return {"role": "user", "content": text}
    return {"role": "tool", "content": text, "tool_call_id": action.call["id"], "tool_name": "bash"}
