"""Wrong variants of a correct solution: constant result, off by one, a line removed."""

import ast
import warnings
from collections.abc import Iterator

__all__ = ["mutants"]


def mutants(solution: str, entry_point: str) -> Iterator[tuple[str, str]]:
    """Yield (name, source) of each variant that differs from the solution."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield from _differing(solution, entry_point)


def _differing(solution: str, entry_point: str) -> Iterator[tuple[str, str]]:
    original = ast.unparse(ast.parse(solution))
    for name, mutate in (
        ("constant", _constant),
        ("off by one", _off_by_one),
        ("removed line", _removed_line),
    ):
        tree = ast.parse(solution)
        functions = [
            node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == entry_point
        ]
        if functions:
            mutate(functions[-1])
            source = ast.unparse(ast.fix_missing_locations(tree))
            if source != original:
                yield name, source


def _constant(function: ast.FunctionDef) -> None:
    function.body = [ast.Return(ast.Constant(0))]


def _off_by_one(function: ast.FunctionDef) -> None:
    for node in ast.walk(function):
        if isinstance(node, ast.Constant) and type(node.value) is int:
            node.value += 1
            return


def _removed_line(function: ast.FunctionDef) -> None:
    blocks = [
        block
        for node in ast.walk(function)
        for block in (getattr(node, "body", None), getattr(node, "orelse", None))
        if isinstance(block, list)
    ]
    removable = [
        (block, index)
        for block in blocks
        for index, statement in enumerate(block)
        if not isinstance(statement, ast.Return | ast.FunctionDef | ast.Import) and len(block) > 1
    ]
    if removable:
        block, index = removable[-1]
        del block[index]
