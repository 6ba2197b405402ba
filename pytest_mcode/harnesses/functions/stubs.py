"""Prompts that are Python: source that ends in the signature and docstring of what is to be written."""

import ast
from collections.abc import Sequence

from pytest_mcode.harnesses.functions.syntax import bound_names, parse

__all__ = ["is_stub", "prelude"]


def is_stub(prompt: str, entry_points: Sequence[str]) -> bool:
    """Whether a prompt is Python that defines the entry points: then a bare body is an answer too."""
    tree = parse(prompt)
    return isinstance(tree, ast.Module) and set(entry_points) <= bound_names(tree)


def prelude(prompt: str, entry_point: str) -> str:
    """Return what stands before the entry point's definition: imports, helpers, constants."""
    try:
        definitions = [
            node
            for node in ast.parse(prompt).body
            if isinstance(node, ast.FunctionDef) and node.name == entry_point
        ]
    except SyntaxError as error:
        raise ValueError(f"prompt is not Python: {error.msg}, line {error.lineno}") from error
    if not definitions:
        raise ValueError(f"prompt does not define {entry_point}")
    return "\n".join(prompt.split("\n")[: definitions[-1].lineno - 1]).strip("\n")
