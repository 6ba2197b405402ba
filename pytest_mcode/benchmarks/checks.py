"""What every task of a benchmark of one's own must hold, whether a file or a class gives it."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pytest_mcode.benchmarks import Dataset
from pytest_mcode.records import Task
from pytest_mcode.syntax import bound_names, loaded_names, parse

__all__ = [
    "are_names",
    "check_id",
    "check_names",
    "check_parameters",
    "check_tags",
    "check_use",
    "defines_uncalled_check",
    "parsed",
    "problems",
    "repeated",
]

MARKS_OF_PYTEST = ("filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail")


def check_id(task_id: str) -> None:
    """Raise ValueError where an id cannot be the id of a pytest item."""
    if not task_id.isascii() or not task_id.isprintable() or set(task_id) & set("[]") or "::" in task_id:
        raise ValueError(f"task_id {task_id!r}: give printable ASCII without brackets and '::'")
    if not task_id.strip():
        raise ValueError("task_id is empty")


def are_names(values: Any) -> bool:
    """Whether `values` is a list or tuple of Python's identifiers."""
    return isinstance(values, list | tuple) and all(
        isinstance(value, str) and value.isidentifier() for value in values
    )


def check_tags(tags: Any) -> None:
    """Raise ValueError where tags cannot become marks."""
    if not are_names(tags):
        raise ValueError(f"tags must be a list of names that can be pytest marks, not {tags!r}")
    if taken := set(tags) & set(MARKS_OF_PYTEST) or {tag for tag in tags if tag.startswith("_")}:
        raise ValueError(f"tag {taken.pop()!r} means something else to pytest; take another word")


def check_names(names: Any) -> None:
    """Raise ValueError where entry points are no names."""
    if not names or not are_names(names):
        raise ValueError(f"entry_points must be a tuple of names, not {names!r}")


def parsed(name: str, source: str) -> ast.Module:
    """Return the tree of a task's field; raises ValueError where it is no Python."""
    tree: Any = parse(source)
    if isinstance(tree, SyntaxError):
        raise ValueError(f"{name} is not Python: {tree.msg}, line {tree.lineno}")
    assert isinstance(tree, ast.Module)
    return tree


def defines_uncalled_check(tree: ast.Module) -> bool:
    """Whether a test only defines ``check(candidate)``, as HumanEval's do."""
    return "check" in bound_names(tree) and "check" not in loaded_names(tree)


def check_parameters(test: ast.Module) -> None:
    """Raise ValueError where a test function that is left to a runner takes a fixture of pytest's."""
    for node in ast.walk(test):
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for method in node.body:
                _check_fixtures(method, bound=1)
    called = loaded_names(test)
    for node in test.body:
        if getattr(node, "name", None) not in called:
            _check_fixtures(node, bound=0)


def _check_fixtures(node: ast.stmt, bound: int) -> None:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test"):
        return
    positional = [*node.args.posonlyargs, *node.args.args][bound:]
    required = positional[: len(positional) - len(node.args.defaults)]
    required += [
        each for each, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if not value
    ]
    if required and not node.decorator_list:
        raise ValueError(
            f"test, line {node.lineno}: {node.name}() takes {required[0].arg}: "
            "tests run without pytest's fixtures; make what it needs inside the test"
        )


def check_use(test: ast.Module, entry_points: Sequence[str]) -> None:
    """Raise ValueError where a test names no entry point, or needs what only pytest could give it."""
    check_parameters(test)
    if not loaded_names(test) & set(entry_points):
        raise ValueError(f"test does not use {', '.join(entry_points)}: any solution would pass")


def problems(dataset: Any) -> Iterator[str]:
    """Yield what is wrong with what a class's ``load()`` returned; its tasks are functions to write."""
    if not isinstance(dataset, Dataset):
        yield f"load() returned {type(dataset).__name__}, not a pytest_mcode.benchmarks.Dataset"
        return
    if not dataset.tasks:
        yield "load() returned no task"
    for number, task in enumerate(dataset.tasks, 1):
        try:
            _check(task)
        except ValueError as error:
            yield f"task {number}: {error}"
    for task_id, count in repeated(task for task in dataset.tasks if isinstance(task, Task)).items():
        yield f"task_id {task_id!r} occurs {count} times; each must be there once"


def repeated(tasks: Iterable[Task]) -> dict[str, int]:
    """Return the ids that several tasks have, and how many have them."""
    counts = Counter(task.task_id for task in tasks)
    return {task_id: count for task_id, count in counts.items() if count > 1}


def _check(task: Any) -> None:
    if not isinstance(task, Task):
        raise ValueError(f"it is a {type(task).__name__}, not a pytest_mcode.Task")
    for name in ("task_id", "prompt", "test", "setup"):
        _check_text(name, getattr(task, name))
    for name in ("canonical_solution", "public_test"):
        if getattr(task, name) is not None:
            _check_text(name, getattr(task, name))
    check_id(task.task_id)
    check_tags(task.tags)
    check_names(task.entry_points)
    for name in ("setup", "public_test"):
        parsed(name, getattr(task, name) or "")
    test = parsed("test", task.test)
    if defines_uncalled_check(test):
        raise ValueError(f"test defines check() and never calls it: add check({task.entry_points[0]})")
    check_use(test, task.entry_points)


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text, not {type(value).__name__}")
