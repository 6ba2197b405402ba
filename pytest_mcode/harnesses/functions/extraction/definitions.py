"""What a solution needs and does not define, found among the rest of the completion."""

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_mcode.harnesses.functions.extraction.candidates import Candidate
from pytest_mcode.harnesses.functions.syntax import bound_names, loaded_names

__all__ = ["complete"]


@dataclass(frozen=True)
class _Definition:
    names: set[str]
    needs: set[str]
    source: str


def complete(solution: Candidate, others: Iterable[Candidate], entry_points: Sequence[str]) -> str:
    """Put before `solution` those definitions of `others` that it lacks, and what these lack."""
    seen = _names_anywhere(solution.module) | set(dir(builtins))
    kept_out = solution.names & set(entry_points)
    definitions = [found for other in others for found in _definitions(other) if not found.names & kept_out]
    by_name: dict[str, list[int]] = {}
    for number, definition in enumerate(definitions):
        for name in definition.names:
            by_name.setdefault(name, []).append(number)
    wanted = [*loaded_names(solution.module), *entry_points]
    taken: set[int] = set()
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            for number in by_name.get(name, ()):
                taken.add(number)
                wanted += definitions[number].needs
    return "\n\n".join([*(definitions[number].source for number in sorted(taken)), solution.code])


def _definitions(candidate: Candidate) -> Iterator[_Definition]:
    lines = candidate.code.split("\n")
    for node in candidate.module.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            case ast.Import() | ast.ImportFrom() | ast.Assign():
                first = node.lineno
            case _:
                continue
        source = "\n".join(lines[first - 1 : node.end_lineno])
        yield _Definition(bound_names(node), loaded_names(node), source)


def _names_anywhere(tree: ast.AST) -> set[str]:
    """Return every name that is bound in a tree, whatever its scope."""
    return {name for node in ast.walk(tree) for name in _names_of(node)}


def _names_of(node: ast.AST) -> set[str]:
    match node:
        case ast.arg(arg=name):
            return {name}
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return {name}
        case ast.Name() | ast.alias() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return bound_names(node)
    return set()
