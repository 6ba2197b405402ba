"""A task on the terminal: each attempt with what was asked, answered, judged, and changed since the last."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from pytest_mcode.cli.output import Sheet
from pytest_mcode.records import to_json
from pytest_mcode.results.figures import count, quantity, visible
from pytest_mcode.results.inspection import new_messages, shortened, solution_diff

__all__ = ["render_task", "task_sheets"]

Attempt = Mapping[str, Any]
Outcome = Mapping[str, Any]
WORTH_IT = 40
"""Characters from which on a repeated answer is named where it stands in a prompt."""
BELOW = "… the solution below …"
INDENT = (0, 0, 0, 2)
COLOURS = {"passed": "green", "solved": "green", "infra": "yellow"}


def render_task(
    run_id: str, outcomes: Sequence[Outcome], whole: Sequence[Outcome], *, only_diffs: bool = False
) -> Iterator[RenderableType]:
    """Yield the parts of the page; `whole` are the outcomes with all attempts, also those not to be shown."""
    for outcome, complete in zip(outcomes, whole, strict=True):
        status = outcome["status"]
        heading = f"{outcome['task_id']} in {run_id}, {outcome['test']}: {status}"
        yield Text(visible(heading), style=f"bold {COLOURS.get(status, 'red')}")
        if outcome["error"]:
            yield from _block("error", outcome["error"])
        before = {_place(later): each for each, later in pairwise(complete["attempts"])}
        printed: dict[str, str] = {}
        for attempt in outcome["attempts"]:
            earlier = before.get(_place(attempt))
            if earlier and earlier["sample"] != attempt["sample"]:
                earlier = None
            if only_diffs:
                yield from _changes(attempt, earlier)
            else:
                yield from _attempt(attempt, earlier, printed)
        for choice in outcome["choices"]:
            passed = "passes" if choice["passed"] else "fails"
            said = f"chosen by {choice['by']}: sample {choice['sample']}, which {passed}: {choice['reason']}"
            yield Text(visible(said), style="bold")
        left = len(complete["attempts"]) - len(outcome["attempts"])
        if not complete["attempts"]:
            yield "no attempt"
        elif left:
            yield Text(f"{count(left, 'other attempt')} at it: not asked for", style="dim")


def task_sheets(run_id: str, outcomes: Sequence[Outcome]) -> Iterator[Sheet]:
    """Yield a table for each test function: a row an attempt."""
    headings = ["sample", "iteration", "verdict", "public verdict", "tokens", "seconds", "message"]
    for outcome in outcomes:
        rows = [
            [
                str(each["sample"]),
                str(each["iteration"]),
                each["verdict"]["kind"],
                each["public_verdict"]["kind"] if each["public_verdict"] else "",
                f"{quantity(each['prompt_tokens'])} + {quantity(each['completion_tokens'])}",
                quantity(each["verdict"]["seconds"]),
                each["verdict"]["message"],
            ]
            for each in outcome["attempts"]
        ]
        title = f"{outcome['task_id']} in {run_id}, {outcome['test']}: {outcome['status']}"
        yield Sheet(headings, rows, title, ("sample", "iteration", "tokens", "seconds"))


def _place(attempt: Attempt) -> tuple[int, int]:
    return attempt["sample"], attempt["iteration"]


def _rule(attempt: Attempt) -> Rule:
    kind = attempt["verdict"]["kind"]
    colour = COLOURS.get(kind, "red")
    return Rule(Text(f"{_named(attempt)}: {kind}", style=f"bold {colour}"), align="left", style=colour)


def _named(attempt: Attempt) -> str:
    return f"sample {attempt['sample']}, iteration {attempt['iteration']}"


def _changes(attempt: Attempt, earlier: Attempt | None) -> Iterator[RenderableType]:
    """Yield what an attempt changed, and what its verdict says."""
    yield _rule(attempt)
    changed = solution_diff(attempt, earlier)
    if changed:
        yield from _code("changed since the attempt before", changed, "diff")
    elif earlier and attempt["solution"] is not None and earlier["solution"] is not None:
        yield "nothing changed since the attempt before"
    yield from _block(f"verdict: {attempt['verdict']['kind']}", attempt["verdict"]["message"])


def _attempt(attempt: Attempt, earlier: Attempt | None, printed: dict[str, str]) -> Iterator[RenderableType]:
    """Yield all of an attempt; what is `printed` above, answers by whose they are, is not printed again."""
    verdict, public = attempt["verdict"], attempt["public_verdict"]
    yield _rule(attempt)
    yield Text(_facts(attempt), style="dim")
    known = len(attempt["messages"]) - len(new_messages(attempt, earlier))
    if known:
        yield Text(f"prompt: the {known} messages before, and", style="dim")
    for message in new_messages(attempt, earlier):
        yield from _once(f"prompt, {message['role']}", _text(message), printed)
    yield from _block("reasoning", attempt["reasoning"])
    yield from _completion(attempt, printed)
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


def _completion(attempt: Attempt, printed: dict[str, str]) -> Iterator[RenderableType]:
    """Yield a completion but for what stands elsewhere: above, or as the solution below."""
    completion, solution = attempt["completion"], (attempt["solution"] or "").strip("\n")
    shown = completion.replace(solution, BELOW, 1) if len(solution) >= WORTH_IT else completion
    if completion in printed:
        yield from _once("completion", completion, printed)
    elif shown.strip() == BELOW:
        yield Text("completion: the solution, as it stands below", style="bold")
    else:
        yield from _block("completion", shown)
    printed.setdefault(completion, f"the completion of {_named(attempt)}")
    if len(solution) >= WORTH_IT:
        printed.setdefault(solution, f"the solution of {_named(attempt)}")


def _once(name: str, text: str, printed: Mapping[str, str]) -> Iterator[RenderableType]:
    if text in printed:
        yield Text(f"{name}: {printed[text]}", style="bold")
        return
    for answer, whose in printed.items():
        text = text.replace(answer, f"… {whose} …") if len(answer) >= WORTH_IT else text
    yield from _block(name, text)


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
