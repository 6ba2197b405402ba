"""Helpers for tests of solvers: one task, solved in this process with a model server on loopback."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from pytest_mcode.records import Attempt
from pytest_mcode.sandboxes import Limits
from pytest_mcode.sandboxes.process import ProcessSandbox
from pytest_mcode.session import parts
from pytest_mcode.session.plan import build_settings, make_plan
from pytest_mcode.solving import TaskHandle
from pytest_mcode.solving.bundled import bundled_solver
from pytest_mcode.solving.styles import style_of

from .servers import OllamaServer

__all__ = ["Solved", "fenced", "sent", "solve"]


@dataclass(frozen=True)
class Solved:
    """What came of a task."""

    asked: list[list[tuple[str, str]]]
    """The conversations that the server received, role and content of each message."""
    attempts: Sequence[Attempt]
    solved: bool
    requests: Sequence[Mapping[str, Any]]

    @property
    def problem(self) -> str:
        """The task as the model was given it."""
        return self.asked[0][-1][1]


def fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def sent(server: OllamaServer) -> list[list[tuple[str, str]]]:
    return [[(each["role"], each["content"]) for each in body["messages"]] for body in server.requests]


def solve(answers: Any, *, task: str, benchmark: str = "smoke", **settings: Any) -> Solved:
    """Solve `task` with the bundled solver that `settings` ask for."""
    with OllamaServer(answers) as server:
        given = {"benchmark": benchmark, "task": [task], "model": server.model, "base_url": server.url}
        plan = make_plan(build_settings({"retries": 0, **given, **settings}))
        prompt = plan.harness.prompt(plan.settings, plan.benchmark.prompt_template)
        with (
            closing(ProcessSandbox(Limits(timeout=plan.settings.timeout))) as sandbox,
            closing(parts.open_model(plan.settings)) as model,
            closing(parts.open_helper(plan.settings) or model) as helper,
        ):
            handle = TaskHandle(
                task=plan.tasks[0],
                benchmark=plan.benchmark,
                sandbox=sandbox,
                feedback=plan.settings.feedback,
                detail=plan.settings.feedback_detail,
                tells_apart=plan.settings.tells_apart,
            )
            style = style_of(plan.settings.repair, plan.settings.prompts)
            bundled_solver(plan.settings, model, prompt, style, helper)(handle)
        return Solved(sent(server), handle.attempts, handle.solved, server.requests)
