"""The tests that a prompt shows, one by one: what tells apart what a solution gets right and wrong."""

import ast
from collections.abc import Mapping

from pytest_mcode.harnesses.functions.syntax import parse

__all__ = ["MOST", "single_tests"]

MOST = 20
"""Tests of a task that are told apart: each is an execution of its own."""
PREPARATION = (
    ast.Import,
    ast.ImportFrom,
    ast.Assign,
    ast.AnnAssign,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
)


def single_tests(test: str) -> Mapping[str, str]:
    """Return by each assert of a test the source that runs it alone, with what is prepared before it.

    Empty where the test has other parts, such as loops or calls.
    """
    tree = parse(test)
    if isinstance(tree, SyntaxError):
        return {}
    prepared: list[str] = []
    found: dict[str, str] = {}
    for node in tree.body:
        text = ast.unparse(node)
        if isinstance(node, ast.Assert):
            found[text] = "\n".join([*prepared, text])
        elif isinstance(node, PREPARATION):
            prepared.append(text)
        else:
            return {}
    return dict(list(found.items())[:MOST])
