"""A task on the terminal: each attempt with what was asked, answered, judged, and changed since the last."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from pytest_mcode.records import to_json
from pytest_mcode.results.figures import quantity, visible
from pytest_mcode.results.inspection import new_messages, shortened, solution_diff

__all__ = ["render_task"]

Attempt = Mapping[str, Any]
INDENT = (0, 0, 0, 2)
COLOURS = {"passed": "green", "solved": "green", "infra": "yellow"}


def render_task(run_id: str, outcomes: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    """Yield the parts of the page."""
    for outcome in outcomes:
        status = outcome["status"]
        heading = f"{outcome['task_id']} in {run_id}, {outcome['test']}: {status}"
        yield Text(visible(heading), style=f"bold {COLOURS.get(status, 'red')}")
        if outcome["error"]:
            yield from _block("error", outcome["error"])
        earlier: Attempt | None = None
        for attempt in outcome["attempts"]:
            if earlier and earlier["sample"] != attempt["sample"]:
                earlier = None
            yield from _attempt(attempt, earlier)
            earlier = attempt
        for choice in outcome["choices"]:
            passed = "passes" if choice["passed"] else "fails"
            said = f"chosen by {choice['by']}: sample {choice['sample']}, which {passed}: {choice['reason']}"
            yield Text(visible(said), style="bold")
        if not outcome["attempts"]:
            yield "no attempt"


def _attempt(attempt: Attempt, earlier: Attempt | None) -> Iterator[RenderableType]:
    verdict, public = attempt["verdict"], attempt["public_verdict"]
    colour = COLOURS.get(verdict["kind"], "red")
    heading = f"sample {attempt['sample']}, iteration {attempt['iteration']}: {verdict['kind']}"
    yield Rule(Text(heading, style=f"bold {colour}"), align="left", style=colour)
    yield Text(_facts(attempt), style="dim")
    known = len(attempt["messages"]) - len(new_messages(attempt, earlier))
    if known:
        yield Text(f"prompt: the {known} messages before, and", style="dim")
    for message in new_messages(attempt, earlier):
        yield from _block(f"prompt, {message['role']}", _text(message))
    yield from _block("reasoning", attempt["reasoning"])
    yield from _block("completion", attempt["completion"])
    if attempt["solution"] is not None:
        yield from _code("solution", attempt["solution"], "python")
    yield from _code("changed since the attempt before", solution_diff(attempt, earlier), "diff")
    if public:
        yield from _block(f"public verdict: {public['kind']}", public["message"] or "(no message)")
    yield from _block(f"verdict: {verdict['kind']}", verdict["message"] or "(no message)")
    yield from _block("standard output", verdict["stdout"])
    yield from _block("standard error", verdict["stderr"])
    for name, value in attempt["extra"].items():
        if name == "log":  # Compressed: --json has it.
            continue
        yield from _block(name.replace("_", " "), to_json(value))


def _text(message: Mapping[str, Any]) -> str:
    calls = message.get("tool_calls")
    return f"{message['content']}\n{to_json(calls)}".strip("\n") if calls else str(message["content"])


def _facts(attempt: Attempt) -> str:
    parts = [
        f"seed {attempt['seed']}",
        f"{quantity(attempt['prompt_tokens'])} + {quantity(attempt['completion_tokens'])} tokens",
        f"generated in {quantity(attempt['generation_seconds'], 's')}",
        f"ran {quantity(attempt['verdict']['seconds'], 's')}",
    ]
    return ", ".join(
        parts + ([f"finish reason {attempt['finish_reason']}"] if attempt["finish_reason"] else [])
    )


def _block(name: str, text: str) -> Iterator[RenderableType]:
    if text.strip():
        yield Text(name, style="bold")
        yield Padding(Text(visible(shortened(text.rstrip("\n")))), INDENT, expand=False)


def _code(name: str, text: str, language: str) -> Iterator[RenderableType]:
    if text.strip():
        lexer = "diff" if text.startswith(("diff --git", "--- ")) else language
        yield Text(name, style="bold")
        code = Syntax(
            visible(shortened(text.rstrip("\n"))),
            lexer,
            theme="ansi_dark",
            background_color="default",
            word_wrap=True,
        )
        yield Padding(code, INDENT, expand=False)
