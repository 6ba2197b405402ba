"""A benchmark's tasks, read but not run: there, unique, judged in an image that suits, shown or hidden."""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing

from pytest_mcode.benchmarks.checks import repeated
from pytest_mcode.doctor import Finding
from pytest_mcode.errors import InfraError
from pytest_mcode.prompts import Prompt
from pytest_mcode.records import Task
from pytest_mcode.sandboxes import Program, Sandbox
from pytest_mcode.session import parts
from pytest_mcode.session.plan import Plan
from pytest_mcode.syntax import loaded_names, parse

__all__ = [
    "check_dataset",
    "check_modules",
    "check_overlap",
    "check_public_tests",
    "check_sources",
    "check_unique_ids",
]


def check_dataset(plan: Plan) -> Iterator[Finding]:
    """Name what was loaded."""
    taken = "" if len(plan.tasks) == plan.tasks_total else f"{len(plan.tasks)} of "
    yield Finding(
        check="dataset",
        level="ok",
        message=f"{plan.title}: {taken}{plan.tasks_total} tasks, split {plan.split}, of {plan.dataset}",
        data={
            "fingerprint": plan.dataset_fingerprint,
            "origin": plan.dataset,
            "split": plan.split,
            "tasks": len(plan.tasks),
            "tasks_total": plan.tasks_total,
        },
    )


def check_unique_ids(tasks: Sequence[Task]) -> Iterator[Finding]:
    """Find ids that occur more than once: outcomes are told apart by them."""
    ids = tuple(repeated(tasks))
    if ids:
        yield Finding(
            check="ids",
            level="problem",
            message=f"{len(ids)} task ids occur more than once",
            remedy="give each task an id of its own",
            items=ids,
        )
    else:
        yield Finding(check="ids", level="ok", message="every task has an id of its own")


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


def check_modules(plan: Plan, session_id: str) -> Iterator[Finding]:
    """Look in the sandbox for the modules that the tests import beyond the standard library."""
    needed = sorted(set().union(*(_imports(task) for task in plan.tasks)) - sys.stdlib_module_names)
    if not needed:
        yield Finding(check="modules", level="ok", message="the tests need the standard library alone")
        return
    with closing(parts.open_sandbox(plan.settings, session_id)) as sandbox:
        missing = [name for name in needed if _lacks(sandbox, name)]
    in_image = plan.settings.sandbox == "docker"
    where = plan.settings.image if in_image else "this Python"
    if not missing:
        message = f"{where} has what the tests import: {', '.join(needed)}"
        yield Finding(check="modules", level="ok", message=message)
        return
    yield Finding(
        check="modules",
        level="problem",
        message=f"the tests import {', '.join(missing)}, which {where} lacks",
        remedy=_how_to_get(missing, where if in_image else None),
    )


def _lacks(sandbox: Sandbox, module: str) -> bool:
    program = Program(solution="def nothing(): pass\n", test=f"import {module}\n", entry_points=("nothing",))
    try:
        return not sandbox.run(program).passed
    except InfraError as error:  # so it is for tests: that a module is missing is no solution's failure
        if f"import {module}," in str(error):
            return True
        raise


def _how_to_get(modules: Sequence[str], image: str | None) -> str:
    install = f"pip install {' '.join(modules)}"
    if image is None:
        return install
    if modules == ["numpy"]:
        return "`mcode image build` makes an image that has it; name it with --image"
    return f"build an image (FROM {image}, RUN {install}) and name it with --image"


def _imports(task: Task) -> set[str]:
    found: set[str] = set()
    tree = parse(f"{task.setup}\n{task.test}")
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def check_public_tests(plan: Plan) -> Iterator[Finding]:
    """Count the tasks that show no test: `public` feedback has nothing to go by there."""
    without = [task.task_id for task in plan.tasks if task.public_test is None]
    if not without:
        yield Finding(check="public", level="ok", message="every task shows a test")
        return
    yield Finding(
        check="public",
        level="note",
        message=f"{len(without)} of {len(plan.tasks)} tasks show no test: "
        "--feedback public says nothing of an attempt at them",
        items=tuple(without),
    )


def check_overlap(plan: Plan) -> Iterator[Finding]:
    """Count the tasks whose prompt shows what they are judged by; calls are compared by their source."""
    prompt = parts.open_prompt(plan.settings)
    shares = {task.task_id: _shown_share(task, prompt) for task in plan.tasks}
    found = False
    for says, belongs in _OVERLAPS.items():
        concerned = tuple(task_id for task_id, share in shares.items() if belongs(share))
        if concerned:
            found = True
            message = f"{len(concerned)} of {len(plan.tasks)} {says}"
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
    asserts = (node for node in _walk(tree) if isinstance(node, ast.Assert))
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


def _walk(tree: ast.Module | SyntaxError) -> Iterable[ast.AST]:
    return ast.walk(tree) if isinstance(tree, ast.Module) else ()


def _squeezed(text: str) -> str:
    """Return a text without what may differ between two ways to write the same call."""
    return re.sub(r"\s", "", text).replace('"', "'")
