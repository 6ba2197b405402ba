"""Tests that a model writes of a task: asked for, and read as plain comparisons that cannot do harm."""

import ast
from collections.abc import Iterator, Sequence

from pytest_mcode.harnesses.functions.inputs import shown_calls
from pytest_mcode.harnesses.functions.syntax import parse
from pytest_mcode.harnesses.prompting import TemplatePrompt
from pytest_mcode.harnesses.reasoning import strip_reasoning
from pytest_mcode.records import Message, Task

__all__ = ["MOST_TESTS", "find_tests", "tests_request"]

MOST_TESTS = 10
"""Asserts that one answer is asked for, and that are taken of it."""
HELPERS = (
    *("abs", "all", "any", "float", "int", "len", "list", "max", "min", "round", "set", "sorted", "sum"),
    *("tuple",),
)
"""Functions that a test may call beside the task's."""
PLAIN = (
    *(ast.Assert, ast.Expression, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant),
    *(
        ast.keyword,
        ast.List,
        ast.Tuple,
        ast.Dict,
        ast.Set,
        ast.BinOp,
        ast.Add,
        ast.Sub,
        ast.Div,
        ast.Subscript,
    ),
    *(ast.cmpop, ast.boolop, ast.unaryop, ast.expr_context),
)
"""Syntax of which a test may consist: nothing that grows without bound, reaches attributes or binds names."""


def tests_request(task: Task) -> list[Message]:
    """Return the messages that ask for tests of a task."""
    forms = [*shown_calls(task), *(f"{name}(...)" for name in task.entry_points)]
    prompt = TemplatePrompt("tests.jinja", context=lambda _: {"form": forms[0], "most": MOST_TESTS})
    return prompt.first(task)


def find_tests(completion: str, task: Task) -> list[str]:
    """Return the conditions of an answer's plain asserts about the task's functions, the first ones.

    Whatever else is written is left out: what a model writes runs where the trusted tests do.
    """
    found = dict.fromkeys(_conditions(strip_reasoning(completion), task.entry_points))
    return list(found)[:MOST_TESTS]


def _conditions(text: str, entry_points: Sequence[str]) -> Iterator[str]:
    for line in text.splitlines():
        tree = parse(line.strip())
        match tree:
            case ast.Module(body=[ast.Assert(test=test)]) if _is_plain(test, entry_points):
                yield ast.unparse(test)


def _is_plain(test: ast.expr, entry_points: Sequence[str]) -> bool:
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    called = {node.func for node in ast.walk(test) if isinstance(node, ast.Call)}
    return (
        all(isinstance(node, PLAIN) for node in ast.walk(test))
        and all(isinstance(function, ast.Name) for function in called)
        and names <= {*HELPERS, *entry_points}
        and not names.isdisjoint(entry_points)
    )
