"""Tasks of functions, read but not run: whether their tests are Python, what the prompts show of them."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from pytest_mcode.harnesses.findings import Finding
from pytest_mcode.harnesses.functions.syntax import loaded_names, parse
from pytest_mcode.harnesses.prompting import Prompt
from pytest_mcode.records import Task

__all__ = ["check_overlap", "check_public_tests", "check_sources", "walk"]


def check_sources(tasks: Sequence[Task]) -> Iterator[Finding]:
    """Find tests that are no Python: no solution can be judged by them."""
    errors = {task.task_id: parse(f"{task.setup}\n{task.test}") for task in tasks}
    items = tuple(f"{name}: {tree.msg}" for name, tree in errors.items() if isinstance(tree, SyntaxError))
    if items:
        yield Finding(
            check="tests",
            level="problem",
            message=f"{len(items)} tests are no Python",
            remedy="mend `setup` and `test` of these tasks",
            items=items,
        )


def check_public_tests(tasks: Sequence[Task]) -> Iterator[Finding]:
    """Count the tasks that show no test: `public` feedback has nothing to go by there."""
    without = [task.task_id for task in tasks if task.public_test is None]
    if not without:
        yield Finding(check="public", level="ok", message="every task shows a test")
        return
    yield Finding(
        check="public",
        level="note",
        message=f"{len(without)} of {len(tasks)} tasks show no test: "
        "--feedback public says nothing of an attempt at them",
        items=tuple(without),
    )


def check_overlap(tasks: Sequence[Task], prompt: Prompt) -> Iterator[Finding]:
    """Count the tasks whose prompt shows what they are judged by; calls are compared by their source."""
    shares = {task.task_id: _shown_share(task, prompt) for task in tasks}
    found = False
    for says, belongs in _OVERLAPS.items():
        concerned = tuple(task_id for task_id, share in shares.items() if belongs(share))
        if concerned:
            found = True
            message = f"{len(concerned)} of {len(tasks)} {says}"
            yield Finding(check="overlap", level="note", message=message, items=concerned)
    if not found:
        yield Finding(check="overlap", level="ok", message="no prompt shows a judging assert")


_OVERLAPS: dict[str, Callable[[float | None], bool]] = {
    "prompts show every judging assert: knowing these by heart passes": lambda share: share == 1,
    "prompts show some of the judging asserts": lambda share: share is not None and 0 < share < 1,
    "tests hold no assert that could be compared with the prompt": lambda share: share is None,
}


def _shown_share(task: Task, prompt: Prompt) -> float | None:
    """Return which part of the judging calls the prompt shows; None where none can be compared."""
    judging = set(_asserted_calls(task))
    shown = _squeezed("".join(message["content"] for message in prompt.first(task)))
    return sum(_squeezed(call) in shown for call in judging) / len(judging) if judging else None


def _asserted_calls(task: Task) -> Iterator[str]:
    """Yield the source of every call of an entry point in an assert, if its arguments hold no variable."""
    tree, lines = parse(task.test), task.test.split("\n")
    asserts = (node for node in walk(tree) if isinstance(node, ast.Assert))
    for node in (node for each in asserts for node in ast.walk(each)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in (*task.entry_points, "candidate"):
                arguments = [*node.args, *(each.value for each in node.keywords)]
                if not any(loaded_names(argument) for argument in arguments):
                    source = _source(node, task.test, lines)
                    called = task.entry_points[0] if name == "candidate" else name
                    yield called + source.removeprefix(name)


def _source(node: ast.Call, text: str, lines: Sequence[str]) -> str:
    if node.lineno == node.end_lineno:  # else the whole text would be split anew for every call
        return lines[node.lineno - 1].encode()[node.col_offset : node.end_col_offset].decode()
    return ast.get_source_segment(text, node) or ""


def walk(tree: ast.Module | SyntaxError) -> Iterable[ast.AST]:
    """Yield the nodes of a source that parses; of another none."""
    return ast.walk(tree) if isinstance(tree, ast.Module) else ()


def _squeezed(text: str) -> str:
    """Return a text without what may differ between two ways to write the same call."""
    return re.sub(r"\s", "", text).replace('"', "'")
