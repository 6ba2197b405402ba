"""What a function's task must hold, whether a file or a class gives it."""

import ast
from collections.abc import Sequence
from typing import Any

from pytest_mcode.harnesses.functions.asserting import why_it_cannot_fail
from pytest_mcode.harnesses.functions.suites import fixtures_wanted, without_dead_code
from pytest_mcode.harnesses.functions.syntax import bound_names, loaded_names, parse
from pytest_mcode.harnesses.tasks import are_names
from pytest_mcode.records import Task

__all__ = ["check_function", "check_parameters", "check_test", "defines_uncalled_check", "parsed"]


def check_function(task: Task) -> None:
    """Raise ValueError where a task's fields cannot be a function's."""
    check_names(task.entry_points)
    parsed("public_test", task.public_test or "")
    test = parsed("test", task.test)
    if defines_uncalled_check(test):
        raise ValueError(f"test defines check() and never calls it: add check({task.entry_points[0]})")
    check_test(test, task.entry_points, parsed("setup", task.setup or ""))


def check_names(names: Any) -> None:
    """Raise ValueError where an entry point is not a name."""
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
    return "check" in bound_names(tree) and "check" not in loaded_names(without_dead_code(tree))


def check_parameters(test: ast.Module) -> None:
    """Raise ValueError where a test that is left to a runner takes a fixture of pytest's."""
    for function, parameters in fixtures_wanted(test):
        raise ValueError(
            f"test, line {function.lineno}: {function.name}() takes {', '.join(parameters)}: "
            "tests run without pytest's fixtures; make what it needs inside the test"
        )


def check_test(test: ast.Module, entry_points: Sequence[str], setup: ast.Module) -> None:
    """Raise ValueError where a test cannot fail because of a solution, or cannot run."""
    check_parameters(test)
    named = ", ".join(entry_points)
    if not loaded_names(test) & set(entry_points):
        raise ValueError(f"test does not use {named}: any solution would pass")
    remarks = why_it_cannot_fail(test, entry_points, setup)
    if remarks is not None:
        raise ValueError(
            f"test cannot fail ({'; '.join(dict.fromkeys(remarks))}): assert what {named} returns"
        )
