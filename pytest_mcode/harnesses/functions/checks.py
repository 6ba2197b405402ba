"""What a function's task must hold, whether a file or a class gives it."""

import ast
from collections.abc import Sequence
from typing import Any

from pytest_mcode.harnesses.functions.syntax import bound_names, loaded_names, parse
from pytest_mcode.harnesses.tasks import are_names
from pytest_mcode.records import Task

__all__ = ["check_function", "check_parameters", "check_use", "defines_uncalled_check", "parsed"]


def check_function(task: Task) -> None:
    """Raise ValueError where a task's fields cannot be a function's."""
    check_names(task.entry_points)
    for name in ("setup", "public_test"):
        parsed(name, getattr(task, name) or "")
    test = parsed("test", task.test)
    if defines_uncalled_check(test):
        raise ValueError(f"test defines check() and never calls it: add check({task.entry_points[0]})")
    check_use(test, task.entry_points)


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
