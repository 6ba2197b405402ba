"""An agent with a shell and nothing else: it types commands into a repository's container, then submits.

The loop is that of mini-swe-agent (https://github.com/SWE-agent/mini-swe-agent): query, run, observe.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pytest_mcode.errors import ConfigurationError, ContentFilterError, ContextOverflowError
from pytest_mcode.harnesses.reasoning import strip_reasoning
from pytest_mcode.harnesses.repositories.container import LostContainerError, LostEngineError
from pytest_mcode.harnesses.repositories.judging import apply
from pytest_mcode.harnesses.repositories.shell import Shell, Step, find_command
from pytest_mcode.models import Completion, Request
from pytest_mcode.models.asking import ask
from pytest_mcode.records import Attempt, Message
from pytest_mcode.solving.asking import NO_ANSWER, opening, repair_turn
from pytest_mcode.solving.handle import TaskHandle
from pytest_mcode.solving.sample_and_debug import SampleAndDebug

__all__ = ["BashAgent"]

BASH: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "bash",
        "description": "Run one bash command in /testbed.",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string", "description": "The command, or submit."}},
            "required": ["command"],
        },
    },
}
SUBMIT = "submit"
CONTAINER_ENDED = "the container ended"
PATIENCE = 3
"""Answers without a command, one after the other, before the attempt ends."""
NO_COMMAND = "Your answer holds no command. Give exactly one: call the tool bash, or write a ```bash block."


@dataclass
class _Work:
    """One attempt in the making."""

    messages: list[Message]
    steps: list[Step] = field(default_factory=list)
    answers: list[Completion] = field(default_factory=list)
    ended: str = ""


@dataclass(frozen=True)
class BashAgent(SampleAndDebug):
    """The `Solver` whose attempts are made of up to `max_steps` commands, within `seconds` of wall clock."""

    max_steps: int = 50
    seconds: float = 1800.0
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
        messages, changes = opening(self.prompt, task.task), None
        with task.sandbox.open(task.task) as container:
            shell = Shell(container)
            for iteration in range(self.debug_iters + 1):
                request = self.request(task, messages, sample, iteration)
                attempt = task.recall(request)
                if attempt:
                    changes = attempt.solution
                else:
                    if changes:
                        apply(container, changes)
                        changes = None
                    attempt = self._work_and_judge(task, shell, request)
                lost = attempt.extra.get("ended") == CONTAINER_ENDED
                if lost or self.is_over(task, attempt):
                    return
                turn = repair_turn(self.prompt, task.task, task.shown(attempt))
                messages = [*attempt.messages, turn]

    def _work_and_judge(self, task: TaskHandle, shell: Shell, request: Request) -> Attempt:
        work = _Work(list(request.messages))
        try:
            patch = self._work(shell, work, request)
        except (ContextOverflowError, ContentFilterError) as error:
            return task.record_refusal(replace(request, messages=tuple(work.messages)), error)
        asked = replace(request, messages=tuple(work.messages))
        return task.judge_solution(asked, _summed(work.answers), patch, _extra(work))

    def _work(self, shell: Shell, work: _Work, request: Request) -> str | None:
        """Let the model run commands until it submits or a limit ends it; return what has changed."""
        deadline, idle = time.monotonic() + self.seconds, 0
        try:
            while not work.ended:
                answer = self._ask(work, request)
                command, call = _command(answer)
                work.messages.append(_turn(answer))
                if command == SUBMIT:
                    work.ended = "submitted"
                elif command is None:
                    idle += 1
                    work.ended = "no command" if idle == PATIENCE else ""
                else:
                    idle = 0
                    work.steps.append(shell.run(command))
                self._observe(work, command, call)
                if not work.ended and len(work.steps) >= self.max_steps:
                    work.ended = "step limit"
                if not work.ended and time.monotonic() > deadline:
                    work.ended = "time limit"
            return shell.patch()
        except LostEngineError:
            raise
        except LostContainerError:
            work.ended = CONTAINER_ENDED
            return None

    def _ask(self, work: _Work, request: Request) -> Completion:
        """Ask with the tool where the server takes tools; a model may always answer with a block."""
        turn = replace(request, messages=tuple(work.messages), seed=request.seed + len(work.answers))
        if not self._refuses_tools:
            try:
                work.answers.append(ask(self.model, replace(turn, tools=(BASH,))))
                return work.answers[-1]
            except ConfigurationError as error:
                if "tool" not in str(error).lower():
                    raise
                self._refuses_tools.append(str(error))
        work.answers.append(ask(self.model, turn))
        return work.answers[-1]

    def _observe(self, work: _Work, command: str | None, call: Mapping[str, Any] | None) -> None:
        text = "submitted" if command == SUBMIT else work.steps[-1].observation if command else NO_COMMAND
        if call:
            work.messages.append(
                {"role": "tool", "content": text, "tool_call_id": call["id"], "tool_name": "bash"}
            )
        elif not work.ended:
            work.messages.append({"role": "user", "content": text})


def _command(answer: Completion) -> tuple[str | None, Mapping[str, Any] | None]:
    """Return the command of an answer and the tool call that it came in."""
    for call in answer.tool_calls[:1]:
        arguments = json.loads(call["function"]["arguments"])
        command = arguments.get("command") if isinstance(arguments, dict) else None
        return (command.strip() or None if isinstance(command, str) else None), call
    return find_command(strip_reasoning(answer.text)), None


def _turn(answer: Completion) -> Message:
    """Return the assistant's turn as it is sent back: with the one call that was answered."""
    text = strip_reasoning(answer.text)
    if answer.tool_calls:
        return {"role": "assistant", "content": text, "tool_calls": list(answer.tool_calls[:1])}
    return {"role": "assistant", "content": text or NO_ANSWER}


def _summed(answers: list[Completion]) -> Completion:
    """Return the last answer with what all of them cost."""
    return replace(
        answers[-1],
        prompt_tokens=_sum(answer.prompt_tokens for answer in answers),
        completion_tokens=_sum(answer.completion_tokens for answer in answers),
        seconds=sum(answer.seconds for answer in answers),
    )


def _sum(counts: Any) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _extra(work: _Work) -> Mapping[str, Any]:
    steps = [
        {name: value for name, value in asdict(step).items() if name != "observation"} for step in work.steps
    ]
    return {"agent": "bash", "ended": work.ended, "steps": steps}
